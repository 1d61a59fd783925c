// SPDX-License-Identifier: MIT
// A text into an array of characters, NUL-terminated; what is too long is cut off.
#pragma once

#include <cstddef>
#include <string_view>

namespace root {

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view text) {
  const std::size_t n = text.size() < N - 1 ? text.size() : N - 1;
  __builtin_memcpy(to, text.data(), n);
  to[n] = 0;
}

}  // namespace root
