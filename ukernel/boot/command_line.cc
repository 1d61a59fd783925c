// SPDX-License-Identifier: MIT
#include "command_line.h"

namespace mica {

namespace {

// substr() would want the library's exceptions. `start` is at most the size.
std::string_view from(std::string_view text, std::size_t start) {
  return {text.data() + start, text.size() - start};
}

// Cuts the first word off `text`.
std::string_view next_word(std::string_view& text) {
  std::size_t start = 0;
  while (start < text.size() && text[start] == ' ') ++start;
  std::size_t end = start;
  while (end < text.size() && text[end] != ' ') ++end;
  const std::string_view word{text.data() + start, end - start};
  text.remove_prefix(end);
  return word;
}

unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 99;
}

unsigned unit_shift(char c) {
  switch (c) {
    case 'K': case 'k': return 10;
    case 'M': case 'm': return 20;
    case 'G': case 'g': return 30;
    default: return 0;
  }
}

}  // namespace

std::optional<u64> parse_size(std::string_view text) {
  unsigned shift = 0;
  if (!text.empty()) shift = unit_shift(text.back());
  if (shift != 0) text.remove_suffix(1);
  unsigned base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty()) return std::nullopt;
  u64 value = 0;
  for (const char c : text) {
    const unsigned digit = digit_value(c);
    if (digit >= base || value > (~u64{0} - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  if (value > ~u64{0} >> shift) return std::nullopt;
  return value << shift;
}

BootOptions parse_options(std::string_view command_line) {
  BootOptions options;
  while (true) {
    const std::string_view word = next_word(command_line);
    if (word.empty()) return options;
    if (word.starts_with("kmem=")) {
      const auto size = parse_size(from(word, 5));
      if (size && *size != 0) options.kernel_memory = *size;
      else options.fault = "option kmem= is no size (examples: kmem=64M, kmem=1G)";
    } else if (word.starts_with("nx=")) {
      if (from(word, 3) == "off") options.no_execute_off = true;
      else if (from(word, 3) == "on") options.no_execute_off = false;
      else options.fault = "option nx= is neither on nor off";
    } else if (word.starts_with("fastpath=")) {
      if (from(word, 9) == "off") options.fast_path_off = true;
      else if (from(word, 9) == "on") options.fast_path_off = false;
      else options.fault = "option fastpath= is neither on nor off";
    }
  }
}

std::string_view module_name(std::string_view command_line) {
  std::string_view word = next_word(command_line);
  const std::size_t slash = word.rfind('/');
  return slash == std::string_view::npos ? word : from(word, slash + 1);
}

}  // namespace mica
