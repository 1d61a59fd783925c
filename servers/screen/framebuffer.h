// SPDX-License-Identifier: MIT
// A linear framebuffer: pixels of 15 to 32 bits, blue in the lowest ones, drawn with a font.
#pragma once

#include "display.h"
#include "font.h"

namespace screen {

class Framebuffer final : public Display {
 public:
  struct Mode {
    unsigned pitch, width, height;  // bytes a line, pixels
    unsigned bits;                  // a pixel
  };

  // Modes that can be drawn in.
  static constexpr bool can_show(const Mode& mode) {
    const unsigned bytes = (mode.bits + 7) / 8;
    return mode.bits >= 15 && mode.bits <= 32 && mode.width != 0 && mode.height != 0 && mode.width <= 0x8000 &&
           mode.height <= 0x8000 && mode.pitch / bytes >= mode.width;
  }

  void init(volatile std::uint8_t* pixels, const Mode& mode, const Font& font) {
    pixels_ = pixels;
    mode_ = mode;
    font_ = &font;
    bytes_ = (mode.bits + 7) / 8;
    for (unsigned i = 0; i < 16; ++i) palette_[i] = encode(i);
  }

  unsigned columns() const override { return mode_.width / font_->width(); }
  unsigned rows() const override { return mode_.height / font_->height(); }

  // Black, all of it: below and beside the cells nobody else draws.
  void clear() {
    for (unsigned y = 0; y < mode_.height; ++y) {
      for (unsigned x = 0; x < mode_.width; ++x) put(pixels_ + std::size_t{y} * mode_.pitch + x * bytes_, 0);
    }
  }

  void draw(unsigned column, unsigned row, Cell cell) override {
    const unsigned glyph = font_->glyph(cell.character());
    const std::uint32_t text = palette_[cell.colours().text], ground = palette_[cell.colours().ground];
    volatile std::uint8_t* line =
        pixels_ + std::size_t{row} * font_->height() * mode_.pitch + std::size_t{column} * font_->width() * bytes_;
    for (unsigned y = 0; y < font_->height(); ++y, line += mode_.pitch) {
      std::uint32_t bits = font_->row(glyph, y);
      volatile std::uint8_t* pixel = line;
      for (unsigned x = 0; x < font_->width(); ++x, bits <<= 1, pixel += bytes_) {
        put(pixel, bits >> 31 != 0 ? text : ground);
      }
    }
  }

  bool set_cursor(unsigned, unsigned) override { return false; }

  // One of the 16 colours as 0xRRGGBB: VGA's, brown instead of dark yellow.
  static constexpr std::uint32_t rgb(unsigned colour) {
    if (colour == 6) return 0xaa5500;
    const std::uint32_t on = (colour & 8) != 0 ? 0xff : 0xaa, off = (colour & 8) != 0 ? 0x55 : 0;
    return ((colour & 4) != 0 ? on : off) << 16 | ((colour & 2) != 0 ? on : off) << 8 | ((colour & 1) != 0 ? on : off);
  }

 private:
  std::uint32_t encode(unsigned colour) const {
    const std::uint32_t value = rgb(colour), red = value >> 16, green = value >> 8 & 0xff, blue = value & 0xff;
    if (mode_.bits >= 24) return value;
    if (mode_.bits == 16) return red >> 3 << 11 | green >> 2 << 5 | blue >> 3;
    return red >> 3 << 10 | green >> 3 << 5 | blue >> 3;
  }

  void put(volatile std::uint8_t* pixel, std::uint32_t value) const {
    if (bytes_ == 4) {
      struct [[gnu::packed]] Word { std::uint32_t value; };  // a line may be of any length
      reinterpret_cast<volatile Word*>(pixel)->value = value;
      return;
    }
    for (unsigned i = 0; i < bytes_; ++i) pixel[i] = static_cast<std::uint8_t>(value >> 8 * i);
  }

  volatile std::uint8_t* pixels_ = nullptr;
  Mode mode_{};
  const Font* font_ = nullptr;
  unsigned bytes_ = 4;
  std::array<std::uint32_t, 16> palette_{};
};

}  // namespace screen
