// SPDX-License-Identifier: MIT
#include "manifest_words.h"

#include <array>

namespace root {

namespace {

using View = std::string_view;

constexpr Word size_limit = Word{1} << 63;

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

void skip_blanks(View& line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
}

constexpr unsigned digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 16;
}

std::optional<Word> multiple(View digits, Word unit) {
  const auto n = number_of(digits);
  if (!n || *n >= size_limit / unit) return std::nullopt;
  return *n * unit;
}

constexpr std::size_t longest = 32;

constexpr unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

// How many letters are missing, too many, wrong, or in the wrong order with their neighbour.
unsigned distance(View a, View b) {
  using Row = std::array<unsigned, longest + 1>;
  Row before{}, above{}, row{};
  for (unsigned j = 0; j <= b.size(); ++j) row[j] = j;
  for (unsigned i = 1; i <= a.size(); ++i) {
    before = above;
    above = row;
    row[0] = i;
    for (unsigned j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (same ? 0 : 1));
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = least(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

View take_word(View& line) {
  skip_blanks(line);
  if (line.starts_with('#')) line = {};
  std::size_t n = 0;
  while (n < line.size() && !is_blank(line[n])) ++n;
  const View word = line.substr(0, n);
  line.remove_prefix(n);
  return word;
}

View take_rest(View& line) {
  const View first = take_word(line);
  if (first.empty()) return {};
  std::size_t size = first.size();
  while (true) {
    const View word = take_word(line);
    if (word.empty()) return {first.data(), size};
    size = static_cast<std::size_t>(word.data() - first.data()) + word.size();
  }
}

bool is_name(View word) {
  if (word.empty() || word.size() > 31) return false;
  for (const char c : word) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

std::optional<Word> number_of(View word) {
  unsigned base = 10;
  if (word.starts_with("0x")) {
    base = 16;
    word.remove_prefix(2);
  }
  if (word.empty()) return std::nullopt;
  Word value = 0;
  for (const char c : word) {
    const unsigned digit = digit_of(c);
    if (digit >= base || value > (~Word{0} - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

std::optional<Word> size_of(View word) {
  Word unit = 1;
  if (word.ends_with('K')) unit = Word{1} << 10;
  if (word.ends_with('M')) unit = Word{1} << 20;
  if (word.ends_with('G')) unit = Word{1} << 30;
  if (unit != 1) word.remove_suffix(1);
  return multiple(word, unit);
}

std::optional<Word> time_of(View word) {
  if (word.ends_with("ms")) return multiple(word.substr(0, word.size() - 2), 1000);
  if (word.ends_with('s')) return multiple(word.substr(0, word.size() - 1), 1000000);
  return std::nullopt;
}

void Meant::consider(View word) {
  if (written_.size() > longest || word.size() > longest) return;
  const unsigned d = distance(written_, word);
  // Of a short word nearly every other one is similar.
  if (d >= best_distance_ || 3 * d > written_.size()) return;
  best_ = word;
  best_distance_ = d;
}

}  // namespace root
