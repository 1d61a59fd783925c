// SPDX-License-Identifier: MIT
#include "font.h"

#include "utf8.h"

namespace screen {

namespace {

// Version 1: magic, mode, bytes a glyph. Version 2: words.
constexpr unsigned char magic_1[] = {0x36, 0x04};
constexpr unsigned char mode_512 = 1, mode_table = 2, mode_sequences = 4;
constexpr std::size_t header_1 = 4;
constexpr std::uint32_t magic_2 = 0x864ab572, has_table_2 = 1;
constexpr std::size_t header_2 = 32;
// In version 1's table; in version 2's, bytes.
constexpr unsigned sequence_1 = 0xfffe, end_1 = 0xffff, sequence_2 = 0xfe, end_2 = 0xff;

std::uint32_t word(Font::Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} | std::uint32_t{bytes[at + 1]} << 8 | std::uint32_t{bytes[at + 2]} << 16 |
         std::uint32_t{bytes[at + 3]} << 24;
}

}  // namespace

bool Font::read(Bytes file) {
  count_ = 0;
  glyph_of_.fill(none);
  std::size_t start = 0, glyph_bytes = 0, count = 0;
  bool is_second = false, has_table = false;
  if (file.size() >= header_1 && file[0] == magic_1[0] && file[1] == magic_1[1]) {
    start = header_1;
    count = (file[2] & mode_512) != 0 ? 512 : 256;
    has_table = (file[2] & (mode_table | mode_sequences)) != 0;
    width_ = 8;
    height_ = file[3];
    glyph_bytes = height_;
  } else if (file.size() >= header_2 && word(file, 0) == magic_2) {
    is_second = true;
    start = word(file, 8);
    has_table = (word(file, 12) & has_table_2) != 0;
    count = word(file, 16);
    glyph_bytes = word(file, 20);
    height_ = word(file, 24);
    width_ = word(file, 28);
  }
  if (!has_table || width_ == 0 || width_ > most_width || height_ == 0 || height_ > most_height) return false;
  row_bytes_ = (width_ + 7) / 8;
  if (glyph_bytes != std::size_t{row_bytes_} * height_ || count == 0 || count >= none) return false;
  if (start > file.size() || (file.size() - start) / glyph_bytes < count) return false;
  bits_ = file.subspan(start, count * glyph_bytes);
  count_ = static_cast<unsigned>(count);
  const Bytes table = file.subspan(start + count * glyph_bytes);
  if (!(is_second ? read_table_2(table) : read_table_1(table))) {
    count_ = 0;
    return false;
  }
  fallback_ = 0;
  if (glyph_of_['?'] != none) fallback_ = glyph_of_['?'];
  return true;
}

// Of a glyph's characters those before its sequences of several.
bool Font::read_table_1(Bytes table) {
  unsigned glyph = 0;
  bool in_sequence = false;
  for (std::size_t at = 0; at + 1 < table.size() && glyph < count_; at += 2) {
    const unsigned value = table[at] | unsigned{table[at + 1]} << 8;
    if (value == end_1) ++glyph, in_sequence = false;
    else if (value == sequence_1) in_sequence = true;
    else if (!in_sequence) name(value, glyph);
  }
  return glyph == count_;
}

bool Font::read_table_2(Bytes table) {
  unsigned glyph = 0;
  bool in_sequence = false;
  Utf8 utf8;
  for (std::size_t at = 0; at < table.size() && glyph < count_; ++at) {
    const unsigned value = table[at];
    if (value == end_2) {
      ++glyph, in_sequence = false;
    } else if (value == sequence_2) {
      in_sequence = true;
    } else if (!in_sequence) {
      bool again = false;
      const char32_t character = utf8.feed(static_cast<char>(value), again);
      if (again) return false;
      if (character != no_character) name(character, glyph);
    }
  }
  return glyph == count_;
}

void Font::name(char32_t character, unsigned glyph) {
  if (character < table_end && glyph_of_[character] == none) glyph_of_[character] = static_cast<std::uint16_t>(glyph);
}

bool Font::has(char32_t character) const {
  return count_ != 0 && character < table_end && glyph_of_[character] != none;
}

unsigned Font::glyph(char32_t character) const { return has(character) ? glyph_of_[character] : fallback_; }

std::uint32_t Font::row(unsigned glyph, unsigned y) const {
  const std::size_t at = (std::size_t{glyph} * height_ + y) * row_bytes_;
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < row_bytes_; ++i) bits |= std::uint32_t{bits_[at + i]} << (24 - 8 * i);
  return bits;
}

}  // namespace screen
