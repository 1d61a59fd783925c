// SPDX-License-Identifier: MIT
// A font of the console: PC Screen Font, version 1 or 2, whose table says which characters
// its glyphs are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace screen {

class Font {
 public:
  using Bytes = std::span<const unsigned char>;
  static constexpr unsigned most_width = 32, most_height = 64;

  // False: it is no such font, is cut off, or has no table; then it has no glyph.
  [[nodiscard]] bool read(Bytes file);

  unsigned width() const { return width_; }
  unsigned height() const { return height_; }
  unsigned glyphs() const { return count_; }

  // The number of a character's glyph; of one that the font lacks: that of a question mark, or 0.
  unsigned glyph(char32_t character) const;
  bool has(char32_t character) const;

  // Row y of a glyph, its leftmost pixel in bit 31.
  std::uint32_t row(unsigned glyph, unsigned y) const;

 private:
  static constexpr std::uint16_t none = 0xffff;
  static constexpr char32_t table_end = 0x2700;  // what text consoles have lies below

  void name(char32_t character, unsigned glyph);
  bool read_table_1(Bytes table);
  bool read_table_2(Bytes table);

  Bytes bits_;
  unsigned width_ = 0, height_ = 0, count_ = 0, row_bytes_ = 0;
  std::uint16_t fallback_ = 0;
  std::array<std::uint16_t, table_end> glyph_of_{};
};

}  // namespace screen
