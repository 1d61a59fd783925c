// SPDX-License-Identifier: MIT
// A terminal's text: characters in UTF-8, one column each, and the sequences that move the cursor,
// erase and colour, as ECMA-48 and the VT100 have them. What is not known is left out.
//
//   BS HT LF VT FF CR   LF is also CR          ESC 7, ESC 8    keep the place, go back to it
//   CSI n A B C D       up, down, right, left  ESC c           as in the beginning
//   CSI n E F           lines down, up         CSI n J K       erase in screen, line
//   CSI n G d           to column, row         CSI ... m       colours: 0 1 7 22 27 30-37 39 40-47
//   CSI r ; c H f       to row and column                      49 90-97 100-107
//   CSI s u             as ESC 7, ESC 8        CSI ? 25 h l    show, hide the cursor
#pragma once

#include <string_view>

#include "grid.h"
#include "utf8.h"

namespace screen {

class Interpreter {
 public:
  constexpr explicit Interpreter(Grid& grid) : grid_(grid) {}

  void feed(std::string_view text) {
    for (const char c : text) feed(c);
  }
  void feed(char c);
  bool shows_cursor() const { return cursor_; }

 private:
  enum class State { text, escape, skip_one, sequence, string, string_escape };
  static constexpr unsigned most_parameters = 16, most_value = 9999;

  void text(char32_t character);
  void control(char c);
  void escape(char c);
  void sequence(char c);
  void run(char final);
  void private_mode(bool on);
  void erase(void (Grid::*in)(Grid::Part));
  void set_colours();
  void keep_place();
  void restore_place();
  void reset();
  // The n-th number of a sequence; 0 and none are `otherwise`.
  unsigned parameter(unsigned n, unsigned otherwise) const {
    return n < count_ && values_[n] != 0 ? values_[n] : otherwise;
  }
  int step() const { return static_cast<int>(parameter(0, 1)); }

  Grid& grid_;
  Utf8 utf8_;
  State state_ = State::text;
  std::array<unsigned, most_parameters> values_{};
  unsigned count_ = 0;
  bool is_private_ = false, is_other_ = false;  // CSI ?, CSI with other marks: none that is known
  bool cursor_ = true, bold_ = false, reverse_ = false;
  Colours base_;  // as they were asked for, before bold and reverse
  unsigned kept_column_ = 0, kept_row_ = 0;
};

}  // namespace screen
