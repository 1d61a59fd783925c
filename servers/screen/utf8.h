// SPDX-License-Identifier: MIT
// UTF-8, byte by byte.
#pragma once

namespace screen {

inline constexpr char32_t no_character = 0xffffffff, replacement = 0xfffd;

class Utf8 {
 public:
  // The character that the byte completes, replacement for one that is none, no_character while it is not
  // complete. `again` means that the byte has broken off what was before and begins something itself: feed it again.
  constexpr char32_t feed(char byte, bool& again) {
    const auto b = static_cast<unsigned char>(byte);
    again = false;
    if (missing_ != 0) {
      if ((b & 0xc0) != 0x80) {
        missing_ = 0;
        again = true;
        return replacement;
      }
      value_ = value_ << 6 | (b & 0x3fu);
      if (--missing_ != 0) return no_character;
      const bool is_surrogate = value_ >= 0xd800 && value_ < 0xe000;
      return value_ < least_ || value_ > 0x10ffff || is_surrogate ? replacement : value_;
    }
    if (b < 0x80) return b;
    if (b >= 0xc2 && b < 0xe0) return begin(b & 0x1f, 1, 0x80);
    if (b >= 0xe0 && b < 0xf0) return begin(b & 0xf, 2, 0x800);
    if (b >= 0xf0 && b < 0xf5) return begin(b & 0x7, 3, 0x10000);
    return replacement;
  }

 private:
  constexpr char32_t begin(unsigned bits, unsigned missing, char32_t least) {
    value_ = bits;
    missing_ = missing;
    least_ = least;
    return no_character;
  }

  char32_t value_ = 0, least_ = 0;  // least: what so many bytes are there for
  unsigned missing_ = 0;
};

}  // namespace screen
