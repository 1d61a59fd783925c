// SPDX-License-Identifier: MIT
// The functions that the compiler calls on its own, and what string_view::substr calls when a
// program gives it a wrong position.
#include <cstddef>

extern "C" {

void* memcpy(void* to, const void* from, std::size_t n) {
  void* d = to;
  asm volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
  return to;
}

void* memset(void* to, int value, std::size_t n) {
  void* d = to;
  asm volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(value) : "memory");
  return to;
}

void* memmove(void* to, const void* from, std::size_t n) {
  auto* d = static_cast<unsigned char*>(to);
  const auto* s = static_cast<const unsigned char*>(from);
  if (d <= s || d >= s + n) return memcpy(to, from, n);
  // Overlapping from below: backwards. The volatile keeps this from becoming memmove.
  while (n-- > 0) static_cast<volatile unsigned char*>(d)[n] = s[n];
  return to;
}

int memcmp(const void* a, const void* b, std::size_t n) {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  for (std::size_t i = 0; i < n; ++i) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

void* memchr(const void* in, int value, std::size_t n) {
  const auto* s = static_cast<const unsigned char*>(in);
  for (std::size_t i = 0; i < n; ++i) {
    if (s[i] == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(s + i);
  }
  return nullptr;
}

std::size_t strlen(const char* text) {
  std::size_t n = 0;
  while (static_cast<const volatile char*>(text)[n] != 0) ++n;
  return n;
}

}  // extern "C"

namespace std {
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...);
void __throw_out_of_range_fmt(const char*, ...) { __builtin_trap(); }
}  // namespace std
