// SPDX-License-Identifier: MIT
// A command line as words. Quotes "…" and '…' keep blanks, \ keeps the next character.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace shell {

class Words {
 public:
  static constexpr std::size_t most_words = 16, most_characters = 256;

  // Null if that worked, else what is wrong with the line.
  const char* split(std::string_view line);

  std::size_t size() const { return count_; }
  std::string_view operator[](std::size_t n) const { return n < count_ ? words_[n] : std::string_view{}; }
  // The words from n on with a blank between them.
  std::string_view from(std::size_t n) const;
  // Was the last word a & by itself? It is no word of the command then.
  bool background() const { return background_; }

 private:
  std::array<char, most_characters> text_{};  // the words, each followed by a blank
  std::array<std::string_view, most_words> words_{};
  std::size_t count_ = 0, used_ = 0;
  bool background_ = false;
};

}  // namespace shell
