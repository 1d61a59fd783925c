// SPDX-License-Identifier: MIT
// A block of kind `console`: commands, what they print, and what is typed to them.
//
//   $ ./mica run demo            a command, given to a shell
//   hello: I am ...              what it prints on its standard output
//   mica> ps                     at a prompt of Mica's shell: the words behind it are typed
//
// A line `...` stands for any lines, `...` inside a line for any text. Runs of blanks are
// one blank. With `about`, numbers stand for their size: two decimal numbers of which one is
// at most a quarter, or 2, more than the other are the same, and so are any two that begin with 0x.
#pragma once

#include <string>
#include <vector>

#include "document.h"

namespace docs {

struct Step {
  unsigned line = 0;  // of the document
  std::string command;
  std::vector<std::string> typed;   // at each prompt, in order
  std::vector<std::string> output;  // with the prompts and what was typed there
};

inline constexpr const char* prompt = "mica> ";

// The steps of a console block; a line before the first command is a fault.
std::vector<Step> steps_of(const Block& block, std::vector<std::string>& faults);

// What a terminal would show at last of text with the control sequences that the shell's
// line editor writes, as lines.
std::vector<std::string> shown_on_screen(const std::string& text);

bool line_matches(const std::string& expected, const std::string& actual, bool about);

// Empty, or the first expected line that cannot be found in its order.
std::string compare_output(const std::vector<std::string>& expected, const std::vector<std::string>& actual,
                           bool about);

}  // namespace docs
