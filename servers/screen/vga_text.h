// SPDX-License-Identifier: MIT
// VGA in text mode: two bytes a character, and a cursor of its own. `Ports` has in8 and out8.
#pragma once

#include "code_page.h"
#include "display.h"

namespace screen {

template <typename Ports>
class VgaText final : public Display {
 public:
  static constexpr std::uintptr_t physical = 0xb8000;
  static constexpr unsigned bytes = 0x8000;

  constexpr explicit VgaText(Ports ports = {}) : ports_(ports) {}

  // False: there is no VGA. Its memory alone says nothing, as there may be RAM in that place.
  [[nodiscard]] bool init(volatile std::uint16_t* cells, unsigned columns, unsigned rows) {
    cells_ = cells;
    columns_ = columns;
    rows_ = rows;
    for (const std::uint8_t probe : {std::uint8_t{0x55}, std::uint8_t{0xaa}}) {
      write(cursor_low, probe);
      cells_[0] = static_cast<std::uint16_t>(0x0700 | probe);
      cells_[1] = static_cast<std::uint16_t>(~probe);
      if (read(cursor_low) != probe || cells_[0] != (0x0700 | probe)) return false;
    }
    write(start_high, 0);
    write(start_low, 0);
    return true;
  }

  unsigned columns() const override { return columns_; }
  unsigned rows() const override { return rows_; }

  void draw(unsigned column, unsigned row, Cell cell) override {
    const Colours colours = cell.colours();
    // The fourth bit of the ground makes characters blink.
    const unsigned attribute = (colours.ground & 7u) << 4 | colours.text;
    cells_[row * columns_ + column] = static_cast<std::uint16_t>(attribute << 8 | code_page_437(cell.character()));
  }

  bool set_cursor(unsigned column, unsigned row) override {
    const unsigned place = row * columns_ + column;
    if (place == cursor_) return true;
    cursor_ = place;
    write(cursor_high, static_cast<std::uint8_t>(place >> 8));
    write(cursor_low, static_cast<std::uint8_t>(place));
    return true;
  }

 private:
  enum : std::uint8_t { start_high = 0xc, start_low = 0xd, cursor_high = 0xe, cursor_low = 0xf };

  std::uint8_t read(std::uint8_t n) {
    ports_.out8(0x3d4, n);
    return ports_.in8(0x3d5);
  }
  void write(std::uint8_t n, std::uint8_t value) {
    ports_.out8(0x3d4, n);
    ports_.out8(0x3d5, value);
  }

  [[no_unique_address]] Ports ports_;
  volatile std::uint16_t* cells_ = nullptr;
  unsigned columns_ = 80, rows_ = 25;
  unsigned cursor_ = ~0u;
};

}  // namespace screen
