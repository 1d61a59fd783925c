// SPDX-License-Identifier: MIT
// How characters are shown: fonts, a framebuffer, VGA's text memory.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <servers/screen/framebuffer.h>
#include <servers/screen/vga_text.h>

using screen::Cell;
using screen::Font;
using screen::Framebuffer;
using screen::Grid;
using screen::Painter;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes the_font() {
  std::ifstream file(MICA_FONT, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

void append(Bytes& bytes, std::initializer_list<unsigned> words, unsigned size) {
  for (const unsigned word : words) {
    for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<unsigned char>(word >> 8 * i));
  }
}

// 256 glyphs of 8 by 2 pixels, glyph n of the rows n and ~n; 'A' is glyph 7, with 'B' too, '?' glyph 3.
Bytes first_version() {
  Bytes file = {0x36, 0x04, 2, 2};
  for (unsigned n = 0; n < 256; ++n) append(file, {n, ~n}, 1);
  for (unsigned n = 0; n < 256; ++n) {
    if (n == 7) append(file, {'A', 'B', 0xfffe, 'C', 'D'}, 2);
    if (n == 3) append(file, {'?'}, 2);
    append(file, {0xffff}, 2);
  }
  return file;
}

// 2 glyphs of 12 by 3 pixels.
Bytes second_version() {
  Bytes file;
  append(file, {0x864ab572, 0, 32, 1, 2, 6, 3, 12}, 4);
  append(file, {0x80, 0x10, 0x00, 0x00, 0xff, 0xf0, 1, 2, 3, 4, 5, 6}, 1);
  append(file, {'x', 0xff, 0xc3, 0xa4, 0xfe, 'y', 'z', 0xff}, 1);
  return file;
}

struct Ports {
  std::map<unsigned, unsigned>* registers;
  unsigned* index;
  bool there = true;
  std::uint8_t in8(std::uint16_t port) const {
    return there && port == 0x3d5 ? static_cast<std::uint8_t>((*registers)[*index]) : std::uint8_t{0xff};
  }
  void out8(std::uint16_t port, std::uint8_t value) const {
    if (port == 0x3d4) *index = value;
    else (*registers)[*index] = value;
  }
};

}  // namespace

TEST_CASE("screen font: version 1") {
  const Bytes file = first_version();
  const auto font = std::make_unique<Font>();
  REQUIRE(font->read(file));
  CHECK(font->glyphs() == 256);
  CHECK(font->width() == 8);
  CHECK(font->height() == 2);
  CHECK(font->glyph('A') == 7);
  CHECK(font->glyph('B') == 7);
  CHECK_FALSE(font->has('C'));
  CHECK(font->glyph('C') == 3);
  CHECK(font->glyph(0x1f600) == 3);
  CHECK(font->row(7, 0) == 7u << 24);
  CHECK(font->row(7, 1) == 0xf8u << 24);
}

TEST_CASE("screen font: version 2") {
  const Bytes file = second_version();
  const auto font = std::make_unique<Font>();
  REQUIRE(font->read(file));
  CHECK(font->width() == 12);
  CHECK(font->height() == 3);
  CHECK(font->glyph('x') == 0);
  CHECK(font->glyph(0xe4) == 1);
  CHECK_FALSE(font->has('y'));
  CHECK(font->row(0, 0) == 0x80100000);
  CHECK(font->row(0, 2) == 0xfff00000);
}

TEST_CASE("screen font: files that are none") {
  const auto font = std::make_unique<Font>();
  for (const Bytes& good : {first_version(), second_version()}) {
    for (std::size_t size = 0; size < good.size(); ++size) {
      REQUIRE_FALSE(font->read(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))));
      REQUIRE_FALSE(font->has('A'));
    }
  }
  for (std::size_t at = 0; at < 32; ++at) {
    for (unsigned value = 0; value < 256; value += 5) {
      Bytes file = second_version();
      file[at] = static_cast<unsigned char>(value);
      if (font->read(file)) (void)font->row(font->glyphs() - 1, font->height() - 1);
    }
  }
  Bytes none = first_version();
  none[3] = 0;
  CHECK_FALSE(font->read(none));
}

TEST_CASE("screen font: the one that is shipped has what is printed, and no two letters alike") {
  const Bytes file = the_font();
  const auto font = std::make_unique<Font>();
  REQUIRE(font->read(file));
  CHECK(font->width() == 8);
  CHECK(font->height() == 16);
  std::set<std::string> pictures;
  for (char32_t c = ' '; c < 0x7f; ++c) {
    REQUIRE(font->has(c));
    std::string picture;
    for (unsigned y = 0; y < 16; ++y) picture += std::to_string(font->row(font->glyph(c), y)) + " ";
    CHECK(pictures.insert(picture).second);
  }
  for (const char32_t c : {U'ä', U'€', U'─', U'█', U'é'}) CHECK(font->has(c));
}

TEST_CASE("screen framebuffer: glyphs in their colours, at every depth, and nothing else") {
  const Bytes file = second_version();
  const auto font = std::make_unique<Font>();
  REQUIRE(font->read(file));
  for (const auto& [bits, red, white] : {std::tuple{32u, 0xaa0000u, 0xffffffu}, std::tuple{24u, 0xaa0000u, 0xffffffu},
                                         std::tuple{16u, 0x15u << 11, 0xffffu}, std::tuple{15u, 0x15u << 10, 0x7fffu}}) {
    CAPTURE(bits);
    const unsigned bytes = (bits + 7) / 8, pitch = 30 * bytes + 5;
    std::vector<std::uint8_t> memory(pitch * 7 + 64, 0x77);
    Framebuffer display;
    const Framebuffer::Mode mode{pitch, 30, 7, bits};
    REQUIRE(Framebuffer::can_show(mode));
    display.init(memory.data(), mode, *font);
    CHECK(display.columns() == 2);
    CHECK(display.rows() == 2);
    display.draw(1, 1, Cell('x', {15, 4}));
    const auto pixel = [&](unsigned x, unsigned y) {
      unsigned value = 0;
      for (unsigned i = 0; i < bytes; ++i) value |= unsigned{memory[y * pitch + x * bytes + i]} << 8 * i;
      return value;
    };
    unsigned untouched = 0;
    for (unsigned i = 0; i < bytes; ++i) untouched |= 0x77u << 8 * i;
    for (unsigned y = 0; y < 7; ++y) {
      for (unsigned x = 0; x < 30; ++x) {
        const bool inside = x >= 12 && x < 24 && y >= 3 && y < 6;
        const bool lit = inside && (font->row(0, y - 3) << (x - 12) >> 31) != 0;
        REQUIRE(pixel(x, y) == (lit ? white : inside ? red : untouched));
      }
    }
    display.clear();
    CHECK(pixel(29, 6) == 0);
    CHECK(memory[pitch * 7] == 0x77);
    CHECK(memory[pitch - 1] == 0x77);
  }
  CHECK_FALSE(Framebuffer::can_show({100, 30, 7, 32}));
  CHECK_FALSE(Framebuffer::can_show({100, 30, 7, 8}));
  CHECK_FALSE(Framebuffer::can_show({100, 0, 7, 8}));
}

TEST_CASE("screen VGA: characters, attributes, the cursor, and none") {
  std::map<unsigned, unsigned> registers;
  unsigned index = 0;
  std::vector<std::uint16_t> memory(80 * 25);
  screen::VgaText display(Ports{&registers, &index});
  REQUIRE(display.init(memory.data(), 80, 25));
  display.draw(3, 2, Cell('A', {7, 0}));
  CHECK(memory[163] == 0x0741);
  display.draw(0, 0, Cell(U'ä', {12, 1}));
  CHECK(memory[0] == 0x1c84);
  display.draw(0, 0, Cell(U'─', {7, 0}));
  CHECK(memory[0] == 0x07c4);
  display.draw(0, 0, Cell(U'😀', {7, 15}));
  CHECK(memory[0] == 0x773f);
  CHECK(display.set_cursor(5, 24));
  CHECK(registers[0xe] * 256 + registers[0xf] == 24 * 80 + 5);
  // RAM in the place of its memory is no VGA.
  screen::VgaText no_registers(Ports{&registers, &index, false});
  CHECK_FALSE(no_registers.init(memory.data(), 80, 25));
  CHECK(screen::code_page_437('\n') == '?');
  CHECK(screen::code_page_437(0xa0) == 0xff);
}

TEST_CASE("screen painter: what is different is drawn, and a cursor for displays that have none") {
  struct Counting final : screen::Display {
    unsigned columns() const override { return 10; }
    unsigned rows() const override { return 3; }
    void draw(unsigned column, unsigned row, Cell cell) override { ++drawn, cells[{column, row}] = cell; }
    bool set_cursor(unsigned, unsigned) override { return false; }
    std::map<std::pair<unsigned, unsigned>, Cell> cells;
    unsigned drawn = 0;
  } display;
  const auto grid = std::make_unique<Grid>();
  const auto painter = std::make_unique<Painter>();
  grid->resize(10, 3);
  painter->show_all(*grid, true, display);
  CHECK(display.drawn == 30);
  CHECK(display.cells[{0, 0}] == Cell(' ', {0, 7}));
  display.drawn = 0;
  painter->show(*grid, true, display);
  CHECK(display.drawn == 0);
  grid->put('a');
  painter->show(*grid, true, display);
  CHECK(display.drawn == 2);
  CHECK(display.cells[{0, 0}] == Cell('a', {7, 0}));
  CHECK(display.cells[{1, 0}] == Cell(' ', {0, 7}));
  painter->show(*grid, false, display);
  CHECK(display.cells[{1, 0}] == Cell(' ', {7, 0}));
}
