// SPDX-License-Identifier: MIT
#include "words.h"

namespace shell {

const char* Words::split(std::string_view line) {
  count_ = used_ = 0;
  background_ = false;
  std::size_t i = 0;
  for (;;) {
    while (i < line.size() && line[i] == ' ') ++i;
    if (i == line.size()) break;
    if (count_ == most_words) return "too many words";
    const std::size_t start = used_;
    const bool plain = line[i] == '&';
    char quote = 0;
    for (; i < line.size() && (quote != 0 || line[i] != ' '); ++i) {
      char c = line[i];
      if (c == quote && quote != 0) {
        quote = 0;
        continue;
      }
      if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
        continue;
      }
      if (c == '\\' && quote != '\'') {
        if (++i == line.size()) return "nothing behind \\";
        c = line[i];
      }
      if (used_ + 1 >= text_.size()) return "too long";
      text_[used_++] = c;
    }
    if (quote != 0) return "a quote has no end";
    words_[count_++] = {text_.data() + start, used_ - start};
    background_ = plain && words_[count_ - 1] == "&" && i == line.size();
    text_[used_++] = ' ';
  }
  if (background_) --count_;
  return nullptr;
}

std::string_view Words::from(std::size_t n) const {
  if (n >= count_) return {};
  const char* const first = words_[n].data();
  const std::string_view last = words_[count_ - 1];
  return {first, static_cast<std::size_t>(last.data() + last.size() - first)};
}

}  // namespace shell
