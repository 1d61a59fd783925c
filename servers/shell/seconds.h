// SPDX-License-Identifier: MIT
// A time as a person writes it: 2, 0.5, 1.25.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shell {

// The microseconds of a text of seconds, up to 999,999,999; what is smaller than a microsecond is left
// out. Nothing if it is no such text.
constexpr std::optional<std::uint64_t> microseconds(std::string_view text) {
  std::uint64_t value = 0, unit = 1'000'000;
  std::size_t digits = 0;
  bool fraction = false;
  for (const char c : text) {
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9' || (!fraction && digits == 9)) return std::nullopt;
    ++digits;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (fraction) value += digit * (unit /= 10);
    else value = value * 10 + digit * 1'000'000;
  }
  if (digits == 0) return std::nullopt;
  return value;
}

}  // namespace shell
