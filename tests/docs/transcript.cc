// SPDX-License-Identifier: MIT
#include "transcript.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace docs {

namespace {

std::string with_single_blanks(const std::string& line) {
  std::string text;
  for (const char c : line) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) text += c;
    else if (!text.empty() && text.back() != ' ') text += ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// The number at the beginning of a text, and its length; 0: there is none.
struct Number {
  std::size_t length = 0;
  double value = 0;
  bool hexadecimal = false;
};
Number number_at(std::string_view text) {
  Number number;
  if (text.starts_with("0x")) {
    number = {2, 0, true};
    while (number.length < text.size() && is_word(text[number.length])) ++number.length;
    return number;
  }
  std::string digits;
  while (number.length < text.size()) {
    const char c = text[number.length];
    const bool inside = (c == ',' || c == '.') && !digits.empty() && number.length + 1 < text.size() &&
                        is_digit(text[number.length + 1]);
    if (!is_digit(c) && !inside) break;
    if (c != ',') digits += c;
    ++number.length;
  }
  number.value = digits.empty() ? 0 : std::strtod(digits.c_str(), nullptr);
  return number;
}

bool same_size(const Number& a, const Number& b) {
  if (a.hexadecimal || b.hexadecimal) return a.hexadecimal == b.hexadecimal;
  const double less = std::min(a.value, b.value), more = std::max(a.value, b.value);
  return more <= less * 1.25 || more <= less + 2;
}

bool match(std::string_view expected, std::string_view actual, bool about, bool behind_word) {
  while (!expected.empty()) {
    if (expected.starts_with("...")) {
      for (std::size_t skip = 0; skip <= actual.size(); ++skip) {
        if (match(expected.substr(3), actual.substr(skip), about, false)) return true;
      }
      return false;
    }
    if (actual.empty()) return false;
    if (about && !behind_word && is_digit(expected[0])) {
      const Number a = number_at(expected), b = number_at(actual);
      if (b.length == 0 || !same_size(a, b)) return false;
      expected.remove_prefix(a.length);
      actual.remove_prefix(b.length);
      continue;
    }
    if (expected[0] != actual[0]) return false;
    behind_word = is_word(expected[0]);
    expected.remove_prefix(1);
    actual.remove_prefix(1);
  }
  return actual.empty();
}

}  // namespace

std::vector<Step> steps_of(const Block& block, std::vector<std::string>& faults) {
  std::vector<Step> steps;
  unsigned number = block.line;
  for (const std::string& line : block.lines) {
    ++number;
    if (line.starts_with("$ ")) {
      steps.push_back({number, line.substr(2), {}, {}});
    } else if (steps.empty()) {
      faults.push_back(block.place() + ": console blocks begin with a command, after '$ '");
      return {};
    } else {
      if (line.starts_with(prompt))
        steps.back().typed.push_back(line.substr(std::string_view(prompt).size()));
      steps.back().output.push_back(line);
    }
  }
  return steps;
}

std::vector<std::string> shown_on_screen(const std::string& text) {
  std::vector<std::string> lines(1);
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& line = lines.back();
    if (c == '\n') {
      lines.emplace_back();
      column = 0;
    } else if (c == '\r') {
      column = 0;
    } else if (c == '\b') {
      column -= column > 0 ? 1 : 0;
    } else if (c == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      std::size_t end = i + 2;
      while (end < text.size() && (is_digit(text[end]) || text[end] == ';' || text[end] == '?')) ++end;
      const unsigned long n = std::strtoul(text.c_str() + i + 2, nullptr, 10);
      const char what = end < text.size() ? text[end] : 0;
      if (what == 'K' && n == 0) line.resize(std::min(line.size(), column));
      if (what == 'C') column += n == 0 ? 1 : n;
      if (what == 'D') column -= std::min<std::size_t>(column, n == 0 ? 1 : n);
      i = end;
    } else if (static_cast<unsigned char>(c) >= ' ') {
      if (line.size() <= column) line.resize(column + 1, ' ');
      line[column++] = c;
    }
  }
  for (std::string& line : lines) line = with_single_blanks(line);
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

bool line_matches(const std::string& expected, const std::string& actual, bool about) {
  return match(with_single_blanks(expected), with_single_blanks(actual), about, false);
}

std::string compare_output(const std::vector<std::string>& expected, const std::vector<std::string>& actual,
                           bool about) {
  // reached[n]: the expected lines so far match the first n actual ones.
  std::vector<bool> reached(actual.size() + 1, false);
  reached[0] = true;
  for (const std::string& line : expected) {
    std::vector<bool> next(actual.size() + 1, false);
    bool some = false;
    for (std::size_t n = 0; n <= actual.size(); ++n) {
      if (line == "...") next[n] = reached[n] || (n > 0 && next[n - 1]);
      else next[n] = n > 0 && reached[n - 1] && line_matches(line, actual[n - 1], about);
      some = some || next[n];
    }
    if (!some) return line;
    reached = next;
  }
  return reached.back() ? "" : "(the output goes on)";
}

}  // namespace docs
