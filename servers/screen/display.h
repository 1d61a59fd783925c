// SPDX-License-Identifier: MIT
// What shows cells, and what decides which of them have to be drawn anew.
#pragma once

#include "grid.h"

namespace screen {

class Display {
 public:
  virtual unsigned columns() const = 0;
  virtual unsigned rows() const = 0;
  virtual void draw(unsigned column, unsigned row, Cell cell) = 0;
  // Places the device's own cursor; row = rows() hides it. False: it has none, cells stand for it.
  virtual bool set_cursor(unsigned column, unsigned row) = 0;

 protected:
  ~Display() = default;
};

// Keeps what the display shows, as to read it back is slow.
class Painter {
 public:
  // Of a display of which it is not known what it shows.
  void show_all(const Grid& grid, bool cursor, Display& display) {
    for (Line& line : shown_) line.fill(Cell(0xff'ffff, {}));
    show(grid, cursor, display);
  }

  // What is different.
  void show(const Grid& grid, bool cursor, Display& display) {
    const unsigned cursor_row = cursor ? grid.cursor_row() : grid.rows();
    const bool by_cell = !display.set_cursor(grid.cursor_column(), cursor_row);
    for (unsigned row = 0; row < grid.rows(); ++row) {
      for (unsigned column = 0; column < grid.columns(); ++column) {
        Cell cell = grid.at(column, row);
        if (by_cell && row == cursor_row && column == grid.cursor_column()) {
          cell = Cell(cell.character(), {cell.colours().ground, cell.colours().text});
        }
        if (shown_[row][column] == cell) continue;
        shown_[row][column] = cell;
        display.draw(column, row, cell);
      }
    }
  }

 private:
  using Line = std::array<Cell, Grid::most_columns>;
  std::array<Line, Grid::most_rows> shown_{};
};

}  // namespace screen
