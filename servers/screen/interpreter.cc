// SPDX-License-Identifier: MIT
#include "interpreter.h"

namespace screen {

namespace {

constexpr char escape_character = 0x1b, cancel = 0x18, substitute = 0x1a, bell = 0x07;

// ANSI counts red, green, blue from bit 0 on, VGA from bit 2.
constexpr std::uint8_t vga_colour(unsigned ansi) {
  return static_cast<std::uint8_t>((ansi & 1) << 2 | (ansi & 2) | (ansi & 4) >> 2);
}
constexpr std::uint8_t bright = 8;

}  // namespace

void Interpreter::feed(char c) {
  const bool is_control = static_cast<unsigned char>(c) < 0x20;
  if (c == escape_character && state_ != State::string) {
    state_ = State::escape;
    return;
  }
  if (state_ == State::string) {
    if (c == bell || c == cancel || c == substitute) state_ = State::text;
    else if (c == escape_character) state_ = State::string_escape;
    return;
  }
  if (c == cancel || c == substitute) {
    state_ = State::text;
    return;
  }
  if (state_ != State::text && is_control) return control(c);
  switch (state_) {
    case State::escape: return escape(c);
    case State::sequence: return sequence(c);
    case State::skip_one:
    case State::string_escape: state_ = State::text; return;
    default: break;
  }
  bool again = true;
  while (again) {
    const char32_t character = utf8_.feed(c, again);
    if (character != no_character) text(character);
  }
}

void Interpreter::text(char32_t character) {
  if (character < 0x20) control(static_cast<char>(character));
  else if (character >= 0xa0 || character < 0x7f) grid_.put(character);
}

void Interpreter::control(char c) {
  switch (c) {
    case '\b': return grid_.backspace();
    case '\t': return grid_.tab();
    case '\n':
    case '\v':
    case '\f': return grid_.line_feed();
    case '\r': return grid_.carriage_return();
    default: return;
  }
}

void Interpreter::escape(char c) {
  state_ = State::text;
  switch (c) {
    case '[':
      state_ = State::sequence;
      values_ = {};
      count_ = 0;
      is_private_ = is_other_ = false;
      return;
    case ']':
    case 'P':
    case '^':
    case '_': state_ = State::string; return;
    case '(':
    case ')':
    case '*':
    case '+':
    case '#': state_ = State::skip_one; return;
    case '7': return keep_place();
    case '8': return restore_place();
    case 'c': return reset();
    default: return;
  }
}

void Interpreter::sequence(char c) {
  if (c >= '0' && c <= '9') {
    if (count_ == 0) count_ = 1;
    unsigned& value = values_[count_ - 1];
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > most_value) value = most_value;
  } else if (c == ';') {
    if (count_ == 0) count_ = 1;
    if (count_ < most_parameters) ++count_;
    values_[count_ - 1] = 0;
  } else if (c == '?') {
    is_private_ = true;
  } else if (c >= '@' && c <= '~') {
    state_ = State::text;
    if (is_private_ && !is_other_ && (c == 'h' || c == 'l')) private_mode(c == 'h');
    else if (!is_private_ && !is_other_) run(c);
  } else {
    is_other_ = true;
  }
}

void Interpreter::private_mode(bool on) {
  if (parameter(0, 0) == 25) cursor_ = on;
}

void Interpreter::run(char final) {
  switch (final) {
    case 'A': return grid_.move_by(0, -step());
    case 'B': return grid_.move_by(0, step());
    case 'C': return grid_.move_by(step(), 0);
    case 'D': return grid_.move_by(-step(), 0);
    case 'E':
      grid_.move_by(0, step());
      return grid_.carriage_return();
    case 'F':
      grid_.move_by(0, -step());
      return grid_.carriage_return();
    case 'G': return grid_.move_to(parameter(0, 1) - 1, grid_.cursor_row());
    case 'd': return grid_.move_to(grid_.cursor_column(), parameter(0, 1) - 1);
    case 'H':
    case 'f': return grid_.move_to(parameter(1, 1) - 1, parameter(0, 1) - 1);
    case 'J': return erase(&Grid::erase_in_screen);
    case 'K': return erase(&Grid::erase_in_line);
    case 'm': return set_colours();
    case 's': return keep_place();
    case 'u': return restore_place();
    default: return;
  }
}

void Interpreter::erase(void (Grid::*in)(Grid::Part)) {
  switch (parameter(0, 0)) {
    case 0: return (grid_.*in)(Grid::Part::to_end);
    case 1: return (grid_.*in)(Grid::Part::to_start);
    case 2:
    case 3: return (grid_.*in)(Grid::Part::all);
    default: return;
  }
}

void Interpreter::set_colours() {
  for (unsigned n = 0; n < (count_ == 0 ? 1 : count_); ++n) {
    const unsigned value = values_[n];
    if (value == 0) base_ = {}, bold_ = reverse_ = false;
    else if (value == 1) bold_ = true;
    else if (value == 22) bold_ = false;
    else if (value == 7) reverse_ = true;
    else if (value == 27) reverse_ = false;
    else if (value >= 30 && value <= 37) base_.text = vga_colour(value - 30);
    else if (value == 39) base_.text = 7;
    else if (value >= 40 && value <= 47) base_.ground = vga_colour(value - 40);
    else if (value == 49) base_.ground = 0;
    else if (value >= 90 && value <= 97) base_.text = vga_colour(value - 90) | bright;
    else if (value >= 100 && value <= 107) base_.ground = vga_colour(value - 100) | bright;
    else if (value == 38 || value == 48) break;  // further values belong to it
  }
  const std::uint8_t text = bold_ ? base_.text | bright : base_.text;
  grid_.colours = reverse_ ? Colours{base_.ground, text} : Colours{text, base_.ground};
}

void Interpreter::keep_place() {
  kept_column_ = grid_.cursor_column();
  kept_row_ = grid_.cursor_row();
}

void Interpreter::restore_place() { grid_.move_to(kept_column_, kept_row_); }

void Interpreter::reset() {
  base_ = {};
  bold_ = reverse_ = false;
  cursor_ = true;
  kept_column_ = kept_row_ = 0;
  grid_.clear();
}

}  // namespace screen
