// SPDX-License-Identifier: MIT
// The characters on a screen and the cursor: what a terminal's text does to them. It knows
// nothing of how they are shown.
//
// A character in the last column leaves the cursor behind it, in column `columns`; the next one begins
// a line. Backspace goes back over such an end of a line, so that what was typed over several lines
// can be edited. A line feed is also a carriage return.
#pragma once

#include <array>
#include <cstdint>

namespace screen {

// Colours as VGA has them: 4 bits each.
struct Colours {
  std::uint8_t text = 7, ground = 0;
  constexpr bool operator==(const Colours&) const = default;
};

struct Cell {
  std::uint32_t raw = ' ' | 7u << 24;

  constexpr Cell() = default;
  constexpr Cell(char32_t character, Colours colours)
      : raw(static_cast<std::uint32_t>(character) | std::uint32_t{colours.ground} << 28 |
            std::uint32_t{colours.text} << 24) {}
  constexpr char32_t character() const { return raw & 0xff'ffff; }
  constexpr Colours colours() const {
    return {static_cast<std::uint8_t>(raw >> 24 & 15), static_cast<std::uint8_t>(raw >> 28)};
  }
  constexpr bool operator==(const Cell&) const = default;
};

class Grid {
 public:
  static constexpr unsigned most_columns = 240, most_rows = 100;

  // Empty, the cursor in the corner. Sizes beyond the most are cut off; none is 0.
  void resize(unsigned columns, unsigned rows);

  unsigned columns() const { return columns_; }
  unsigned rows() const { return rows_; }
  Cell at(unsigned column, unsigned row) const { return line(row)[column]; }
  unsigned cursor_column() const { return column_ < columns_ ? column_ : columns_ - 1; }
  unsigned cursor_row() const { return row_; }

  void put(char32_t character);
  void line_feed();
  void carriage_return() { column_ = 0; }
  void backspace();
  void tab();
  // From 0 on; beyond the edges: to them.
  void move_to(unsigned column, unsigned row);
  void move_by(int columns, int rows);
  enum class Part { to_end, to_start, all };
  void erase_in_line(Part part);
  void erase_in_screen(Part part);
  void clear();

  Colours colours;  // of what is put from now on

 private:
  using Line = std::array<Cell, most_columns>;
  Line& line(unsigned row) { return lines_[(first_ + row) % rows_]; }
  const Line& line(unsigned row) const { return lines_[(first_ + row) % rows_]; }
  void erase(unsigned row, unsigned from, unsigned to);
  void next_line();

  std::array<Line, most_rows> lines_{};
  unsigned first_ = 0;  // which of the lines is the top row
  unsigned columns_ = 80, rows_ = 25;
  unsigned column_ = 0, row_ = 0;
};

}  // namespace screen
