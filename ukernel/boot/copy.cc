// SPDX-License-Identifier: MIT
#include "copy.h"

namespace mica {

void copy_bytes(u8* to, const u8* from, u64 size) {
  u64 words = size / 8, rest = size % 8;
  asm volatile("rep movsq\n\tmovq %3, %2\n\trep movsb"
               : "+D"(to), "+S"(from), "+c"(words) : "r"(rest) : "memory");
}

void clear_bytes(u8* to, u64 size) {
  u64 words = size / 8, rest = size % 8;
  asm volatile("rep stosq\n\tmovq %2, %1\n\trep stosb"
               : "+D"(to), "+c"(words) : "r"(rest), "a"(0) : "memory");
}

}  // namespace mica

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
  mica::copy_bytes(static_cast<mica::u8*>(to), static_cast<const mica::u8*>(from), size);
  return to;
}

void* memset(void* to, int value, std::size_t size) {
  void* at = to;
  asm volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
  const auto *x = static_cast<const mica::u8*>(a), *y = static_cast<const mica::u8*>(b);
  for (std::size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* const t = static_cast<mica::u8*>(to);
  const auto* const f = static_cast<const mica::u8*>(from);
  if (t <= f || t >= f + size) return memcpy(to, from, size);
  auto* t_last = t + size - 1;
  const auto* f_last = f + size - 1;
  asm volatile("std\n\trep movsb\n\tcld" : "+D"(t_last), "+S"(f_last), "+c"(size) : : "memory");
  return to;
}

std::size_t strlen(const char* text) {
  std::size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

}
