// SPDX-License-Identifier: MIT
#include "grid.h"

namespace screen {

namespace {

constexpr unsigned limit(unsigned value, unsigned low, unsigned high) {
  return value < low ? low : value > high ? high : value;
}

// value + step, within 0 .. end - 1.
constexpr unsigned moved(unsigned value, int step, unsigned end) {
  const long sum = static_cast<long>(value) + step;
  return sum < 0 ? 0 : sum >= static_cast<long>(end) ? end - 1 : static_cast<unsigned>(sum);
}

constexpr unsigned tab_width = 8;

}  // namespace

void Grid::resize(unsigned columns, unsigned rows) {
  columns_ = limit(columns, 1, most_columns);
  rows_ = limit(rows, 1, most_rows);
  first_ = 0;
  clear();
}

void Grid::clear() {
  colours = {};
  erase_in_screen(Part::all);
  move_to(0, 0);
}

void Grid::next_line() {
  column_ = 0;
  if (row_ + 1 < rows_) {
    ++row_;
    return;
  }
  first_ = (first_ + 1) % rows_;
  erase(row_, 0, columns_);
}

void Grid::put(char32_t character) {
  if (column_ == columns_) next_line();
  line(row_)[column_++] = Cell(character, colours);
}

void Grid::line_feed() { next_line(); }

void Grid::backspace() {
  if (column_ > 0) {
    --column_;
  } else if (row_ > 0) {
    --row_;
    column_ = columns_ - 1;
  }
}

void Grid::tab() {
  const unsigned next = (column_ / tab_width + 1) * tab_width;
  column_ = next < columns_ ? next : columns_ - 1;
}

void Grid::move_to(unsigned column, unsigned row) {
  column_ = limit(column, 0, columns_ - 1);
  row_ = limit(row, 0, rows_ - 1);
}

void Grid::move_by(int columns, int rows) {
  column_ = moved(cursor_column(), columns, columns_);
  row_ = moved(row_, rows, rows_);
}

void Grid::erase(unsigned row, unsigned from, unsigned to) {
  const Cell empty(' ', {7, colours.ground});
  for (unsigned column = from; column < to; ++column) line(row)[column] = empty;
}

void Grid::erase_in_line(Part part) {
  const unsigned from = part == Part::to_end ? column_ : 0;
  const unsigned to = part == Part::to_start ? cursor_column() + 1 : columns_;
  erase(row_, from, to);
}

void Grid::erase_in_screen(Part part) {
  if (part != Part::all) erase_in_line(part);
  const unsigned from = part == Part::to_end ? row_ + 1 : 0;
  const unsigned to = part == Part::to_start ? row_ : rows_;
  for (unsigned row = from; row < to; ++row) erase(row, 0, columns_);
}

}  // namespace screen
