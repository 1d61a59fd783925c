// SPDX-License-Identifier: MIT
// Numbers as people write them: 12, 0xffff, 32K, 2M; and addresses as they are printed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace scope {

inline std::optional<std::uint64_t> parse_number(const std::string& text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* const digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
  const std::size_t first = hex ? 2 : 0;
  const std::size_t end = std::min(text.find_first_not_of(digits, first), text.size());
  if (end == first || end - first > (hex ? 16 : 18)) return std::nullopt;
  const std::uint64_t value = std::stoull(text.substr(first, end - first), nullptr, hex ? 16 : 10);
  const std::string unit = text.substr(end);
  if (unit.empty()) return value;
  if (hex || value >> 32 != 0) return std::nullopt;
  if (unit == "K") return value << 10;
  if (unit == "M") return value << 20;
  return std::nullopt;
}

inline std::string hex(std::uint64_t value) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%llx", static_cast<unsigned long long>(value));
  return digits;
}

}  // namespace scope
