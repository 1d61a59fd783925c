// SPDX-License-Identifier: MIT
// What text does to the characters on a screen.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include <servers/screen/interpreter.h>

using screen::Cell;
using screen::Colours;
using screen::Grid;
using screen::Interpreter;

namespace {

// A screen, and its rows as text: a character outside ASCII as '#', blanks at the end left out.
struct Screen {
  explicit Screen(unsigned columns = 10, unsigned rows = 4) { grid->resize(columns, rows); }
  Screen& feed(std::string_view text) {
    interpreter.feed(text);
    return *this;
  }
  std::string row(unsigned n) const {
    std::string text;
    for (unsigned i = 0; i < grid->columns(); ++i) {
      const char32_t c = grid->at(i, n).character();
      text += c < 0x80 ? static_cast<char>(c) : '#';
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  }
  bool cursor_at(unsigned column, unsigned row) const {
    return grid->cursor_column() == column && grid->cursor_row() == row;
  }
  std::unique_ptr<Grid> grid = std::make_unique<Grid>();
  Interpreter interpreter{*grid};
};

}  // namespace

TEST_CASE("screen grid: text, and a line feed is a new line") {
  Screen s;
  s.feed("ab\ncd\r\nef");
  CHECK(s.row(0) == "ab");
  CHECK(s.row(1) == "cd");
  CHECK(s.row(2) == "ef");
  CHECK(s.cursor_at(2, 2));
  s.feed("\rx\tz");
  CHECK(s.row(2) == "xf      z");
}

TEST_CASE("screen grid: a full line goes on in the next, and backspace comes back") {
  Screen s;
  s.feed("0123456789");
  CHECK(s.cursor_at(9, 0));  // behind the last column, nothing has been begun
  s.feed("ab");
  CHECK(s.row(1) == "ab");
  s.feed("\b\b\bX");
  CHECK(s.row(0) == "012345678X");
  CHECK(s.row(1) == "ab");
  s.feed("\r\nq");
  CHECK(s.row(1) == "qb");
}

TEST_CASE("screen grid: backspace from the end of a full line") {
  Screen s;
  s.feed("0123456789\bX");
  CHECK(s.row(0) == "012345678X");
  CHECK(s.row(1).empty());
  s.feed("\x1b[H\b\bY");
  CHECK(s.row(0) == "Y12345678X");
}

TEST_CASE("screen grid: it scrolls") {
  Screen s;
  for (char c = 'a'; c <= 'z'; ++c) s.feed(std::string(1, c) + "\n");
  CHECK(s.row(0) == "x");
  CHECK(s.row(2) == "z");
  CHECK(s.row(3).empty());
  s.feed("0123456789012345678901234567890123456789X");
  CHECK(s.row(3) == "X");
  CHECK(s.row(2) == "0123456789");
}

TEST_CASE("screen grid: the cursor moves within the edges") {
  Screen s;
  s.feed("\x1b[3;5HA");
  CHECK(s.row(2) == "    A");
  s.feed("\x1b[A\x1b[2D*");
  CHECK(s.row(1) == "   *");
  s.feed("\x1b[99;99H");
  CHECK(s.cursor_at(9, 3));
  s.feed("\x1b[50A\x1b[50D");
  CHECK(s.cursor_at(0, 0));
  s.feed("\x1b[B\x1b[C");
  CHECK(s.cursor_at(1, 1));
  s.feed("\x1b[2E");
  CHECK(s.cursor_at(0, 3));
  s.feed("\x1b[7G");
  CHECK(s.cursor_at(6, 3));
  s.feed("\x1b[F");
  CHECK(s.cursor_at(0, 2));
  s.feed("\x1b[2d");
  CHECK(s.cursor_at(0, 1));
  s.feed("\x1b" "7\x1b[H\x1b" "8");
  CHECK(s.cursor_at(0, 1));
  s.feed("\x1b[0;0H");
  CHECK(s.cursor_at(0, 0));
}

TEST_CASE("screen grid: erasing") {
  const auto full = [] {
    Screen s;
    s.feed("aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\x1b[2;4H");
    return s;
  };
  CHECK(full().feed("\x1b[K").row(1) == "bbb");
  CHECK(full().feed("\x1b[1K").row(1) == "    bbbbbb");
  CHECK(full().feed("\x1b[2K").row(1).empty());
  Screen below = full();
  below.feed("\x1b[J");
  CHECK(below.row(0) == "aaaaaaaaaa");
  CHECK(below.row(1) == "bbb");
  CHECK(below.row(2).empty());
  Screen above = full();
  above.feed("\x1b[1J");
  CHECK(above.row(0).empty());
  CHECK(above.row(1) == "    bbbbbb");
  CHECK(above.row(3) == "dddddddddd");
  Screen all = full();
  all.feed("\x1b[2J");
  for (unsigned n = 0; n < 4; ++n) CHECK(all.row(n).empty());
  CHECK(all.cursor_at(3, 1));
}

TEST_CASE("screen grid: colours") {
  Screen s;
  s.feed("\x1b[31ma\x1b[1mb\x1b[0;7mc\x1b[0md\x1b[93;44me\x1b[mf");
  CHECK(s.grid->at(0, 0) == Cell('a', {4, 0}));
  CHECK(s.grid->at(1, 0) == Cell('b', {12, 0}));
  CHECK(s.grid->at(2, 0) == Cell('c', {0, 7}));
  CHECK(s.grid->at(3, 0) == Cell('d', {7, 0}));
  CHECK(s.grid->at(4, 0) == Cell('e', {14, 1}));
  CHECK(s.grid->at(5, 0) == Cell('f', {7, 0}));
}

TEST_CASE("screen grid: UTF-8, a column a character; what is none is shown as such") {
  Screen s(20, 2);
  s.feed("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
  CHECK(s.row(0) == "a###z");
  CHECK(s.grid->at(1, 0).character() == 0xe4);
  CHECK(s.grid->at(2, 0).character() == 0x20ac);
  CHECK(s.grid->at(3, 0).character() == 0x1f600);
  // A byte alone, a beginning without an end, too long a form, a surrogate, beyond the last.
  for (const char* const text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    Screen t(20, 1);
    t.feed(text).feed("ok");
    CAPTURE(t.row(0));
    CHECK(t.grid->at(0, 0).character() == screen::replacement);
    CHECK(t.row(0).find("ok") != std::string::npos);
  }
}

TEST_CASE("screen grid: sequences that are not known leave nothing behind") {
  for (const char* const text :
       {"\x1b[?1049h", "\x1b[>c", "\x1b[5n", "\x1b]0;title\a", "\x1b]0;title\x1b\\", "\x1bPq#1\x1b\\", "\x1b(B", "\x1bM",
        "\x1b[38;5;7m", "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19z", "\x1b[99999999999999999999m", "\x1b[12\x18",
        "\x1b[!p", "\x7f", "\x01", "\xc2\x85"}) {
    Screen s;
    s.feed(text).feed("ok");
    CAPTURE(text);
    CHECK(s.row(0) == "ok");
  }
  Screen s;
  s.feed("ab\x1b[\bX");  // a control in the middle of a sequence acts
  CHECK(s.row(0) == "ab");
  s.feed("\x1b[?25l");
  CHECK_FALSE(s.interpreter.shows_cursor());
  s.feed("\x1b[?25h");
  CHECK(s.interpreter.shows_cursor());
  s.feed("text\x1b[31m\x1b" "c");
  CHECK(s.row(0).empty());
  CHECK(s.feed("a").grid->at(0, 0) == Cell('a', {7, 0}));
}

TEST_CASE("screen grid: whatever comes, the cursor stays on the screen") {
  std::mt19937 random(3);
  constexpr std::string_view likely = "\x1b[;0123456789ABCDEFGHJKdfmsu?hl\n\r\b\tab\xc3\xa4";
  for (unsigned round = 0; round < 200; ++round) {
    Screen s(static_cast<unsigned>(1 + random() % 12), static_cast<unsigned>(1 + random() % 5));
    for (unsigned i = 0; i < 500; ++i) {
      const char c = random() % 4 == 0 ? static_cast<char>(random()) : likely[random() % likely.size()];
      s.feed({&c, 1});
      REQUIRE(s.grid->cursor_column() < s.grid->columns());
      REQUIRE(s.grid->cursor_row() < s.grid->rows());
    }
  }
}

TEST_CASE("screen grid: sizes beyond the most, and none") {
  Screen s(100000, 100000);
  CHECK(s.grid->columns() == Grid::most_columns);
  CHECK(s.grid->rows() == Grid::most_rows);
  Screen t(0, 0);
  CHECK(t.grid->columns() == 1);
  t.feed("abc\n\n\b\x1b[5A");
  CHECK(t.cursor_at(0, 0));
}
