// SPDX-License-Identifier: MIT
#include "complaint.h"

namespace root {

namespace {

constexpr std::size_t longest_quote = 40;

constexpr bool is_printable(char c) { return c >= ' ' && c <= '~'; }

template <typename Put>  // Put: takes a char
void write(const Part& part, Put put) {
  if (part.kind == Part::Kind::plain) {
    for (const char c : part.text) put(c);
  } else if (part.kind == Part::Kind::quoted) {
    put('\'');
    for (const char c : part.text.substr(0, longest_quote)) put(is_printable(c) ? c : '?');
    for (const char c : std::string_view(part.text.size() > longest_quote ? "..." : "")) put(c);
    put('\'');
  } else {
    const Word base = part.kind == Part::Kind::decimal ? 10 : 16;
    if (base == 16) put('0'), put('x');
    Word unit = 1;
    while (part.number / unit >= base) unit *= base;
    for (; unit != 0; unit /= base) put("0123456789abcdef"[part.number / unit % base]);
  }
}

}  // namespace

void Complaints::add(unsigned line, Parts parts, Parts more) {
  Complaint complaint{line, {}};
  std::size_t size = 0;
  const auto put = [&](char c) {
    if (size + 1 < sizeof(complaint.text)) complaint.text[size++] = c;
  };
  for (const Part& part : parts) write(part, put);
  for (const Part& part : more) write(part, put);
  if (!all_.push(complaint)) return;
  for (std::size_t i = all_.size() - 1; i > 0 && all_[i - 1].line > line; --i) {
    all_[i] = all_[i - 1];
    all_[i - 1] = complaint;
  }
}

}  // namespace root
