// SPDX-License-Identifier: MIT
// One line, as it is typed at a terminal: editing, history, completion. Pure: it is fed
// characters and emits what the terminal shall show.
//
//   ^A ^E Home End   to the ends        ^K ^U ^W   cut behind, before, the word
//   ^B ^F arrows     left, right        ^L         clear the screen
//   arrows, ^P ^N    history            Tab        complete, twice: list
//   ^C               give up the line   ^D         the end, on an empty line
//
// Lines are at most 200 characters; a further one rings the bell.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace shell {

class LineEditor {
 public:
  static constexpr std::size_t capacity = 200;
  static constexpr std::size_t history_lines = 32;

  enum class Event { none, line, cancelled, end };

  // Takes text to show.
  using Sink = void (*)(std::string_view);
  // Calls `offer` with each word that may stand in the place of the last one of `line`.
  using Offer = void (*)(void* context, std::string_view candidate);
  using Completer = void (*)(std::string_view line, Offer offer, void* context);

  constexpr LineEditor(Sink sink, Completer completer) : sink_(sink), completer_(completer) {}

  // Begins a line.
  void begin(std::string_view prompt);
  Event feed(char c);
  // The line, after Event::line.
  std::string_view line() const { return {text_.data(), size_}; }

 private:
  using Line = std::array<char, capacity>;
  struct Past {
    Line text{};
    std::size_t size = 0;
  };

  void insert(char c);
  void erase(std::size_t from, std::size_t to);
  void move_to(std::size_t cursor);
  void show_from(std::size_t position);
  void redraw();
  void escape(char c);
  void recall(std::size_t back);
  void remember();
  void complete();
  void move_left(std::size_t n);
  std::size_t word_start() const;
  const Past& past(std::size_t back) const { return history_[(newest_ + history_lines - back) % history_lines]; }

  Sink sink_;
  Completer completer_;
  std::string_view prompt_;
  Line text_{};
  std::size_t size_ = 0, cursor_ = 0;
  enum class Escape { none, started, bracket, number } escape_ = Escape::none;
  char escape_number_ = 0;
  bool tabbed_ = false;  // the last key was Tab
  std::array<Past, history_lines> history_{};
  std::size_t newest_ = 0, kept_ = 0;  // place of the next line to keep, and how many there are
  std::size_t back_ = 0;               // how far back the shown line is, 0: the one being written
  Past draft_;
};

}  // namespace shell
