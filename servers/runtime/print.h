// SPDX-License-Identifier: MIT
// Formatted text: print("{} of {}\n", 3, hex(x)). Each {} takes the next argument;
// a type that cannot be printed does not compile. Text is written in pieces of up
// to 504 bytes, so that a line stays whole.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace runtime {

// Puts text where the program's text goes (console.cc).
void write_text(std::string_view text);

// Collects the pieces of one print.
class Output {
 public:
  using Sink = void (*)(std::string_view);
  explicit Output(Sink sink = write_text) : sink_(sink) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void put(char c) {
    if (used_ == sizeof(text_)) flush();
    text_[used_++] = c;
  }
  void put(std::string_view text) {
    for (const char c : text) put(c);
  }
  // base 2 .. 16, at least `digits` digits.
  void put_number(std::uint64_t value, unsigned base = 10, unsigned digits = 1);
  void flush() {
    if (used_ != 0) sink_({text_, used_});
    used_ = 0;
  }

 private:
  Sink sink_;
  unsigned used_ = 0;
  char text_[504];
};

// A number in hexadecimal, with 0x.
struct hex {
  std::uint64_t value;
  unsigned digits = 1;
  constexpr explicit hex(std::uint64_t v, unsigned d = 1) : value(v), digits(d) {}
};

// A number at the right, or a text at the left, of a column.
struct right {
  std::uint64_t value;
  unsigned width;
  constexpr right(std::uint64_t v, unsigned w) : value(v), width(w) {}
};
struct left {
  std::string_view text;
  unsigned width;
  constexpr left(std::string_view t, unsigned w) : text(t), width(w) {}
};

// A number with at least so many digits.
struct digits {
  std::uint64_t value;
  unsigned count;
  constexpr digits(std::uint64_t v, unsigned c) : value(v), count(c) {}
};

inline void put_value(Output& out, std::string_view text) { out.put(text); }
inline void put_value(Output& out, const char* text) { out.put(std::string_view(text)); }
inline void put_value(Output& out, char c) { out.put(c); }
inline void put_value(Output& out, bool value) { out.put(value ? "true" : "false"); }
void put_value(Output& out, hex number);
void put_value(Output& out, right number);
void put_value(Output& out, left text);
inline void put_value(Output& out, digits number) { out.put_number(number.value, 10, number.count); }
template <std::unsigned_integral T>
void put_value(Output& out, T value) {
  out.put_number(value);
}
template <std::signed_integral T>
void put_value(Output& out, T value) {
  if (value < 0) out.put('-');
  const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  out.put_number(value < 0 ? 0 - bits : bits);
}

// Puts `format` up to the next {}, and returns what is after it.
std::string_view put_until_gap(Output& out, std::string_view format);

template <typename... T>
void print_to(Output& out, std::string_view format, const T&... values) {
  ((format = put_until_gap(out, format), put_value(out, values)), ...);
  out.put(format);
}

template <typename... T>
void print(std::string_view format, const T&... values) {
  Output out;
  print_to(out, format, values...);
}

}  // namespace runtime
