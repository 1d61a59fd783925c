// SPDX-License-Identifier: MIT
// Single words of the manifest: names, numbers, sizes, times, and words that are nearly right.
#pragma once

#include <optional>
#include <string_view>

namespace root {

using Word = unsigned long;

// Takes the first word off the line; empty if there is none, or a comment begins.
std::string_view take_word(std::string_view& line);
// Takes all that is left before a comment, without blanks around it.
std::string_view take_rest(std::string_view& line);

// 1 .. 31 letters, digits, '-', '_', '.'.
bool is_name(std::string_view word);

// Decimal, or hexadecimal after 0x. None: not a number, or one of more than 64 bits.
std::optional<Word> number_of(std::string_view word);
// Bytes: a number, with K, M or G behind it, below 2^63.
std::optional<Word> size_of(std::string_view word);
// Microseconds: a number with ms or s behind it, below 2^63.
std::optional<Word> time_of(std::string_view word);

// Looks for the word that somebody meant who wrote another one.
class Meant {
 public:
  explicit constexpr Meant(std::string_view written) : written_(written) {}
  void consider(std::string_view word);
  // Empty: no word is similar enough.
  std::string_view word() const { return best_; }

 private:
  std::string_view written_, best_;
  unsigned best_distance_ = 3;
};

}  // namespace root
