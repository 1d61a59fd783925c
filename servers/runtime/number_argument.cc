// SPDX-License-Identifier: MIT
#include <mica/root.h>

namespace mica {

Word number_argument(std::string_view name, Word otherwise) {
  std::string_view text = argument(name);
  if (text.empty()) return otherwise;
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  Word value = 0;
  for (const char c : text) {
    const Word digit = static_cast<Word>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value * (hexadecimal ? 16 : 10) + digit;
  }
  return value;
}

}  // namespace mica
