// SPDX-License-Identifier: MIT
#include "frame_table.h"

#include <sstream>

namespace symbolize {

namespace {

constexpr Address word = 8;

std::optional<Address> hexadecimal(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return std::stoull(text, nullptr, 16);
}

// "rsp+24": the frame of the caller begins there, and the return address stands below.
std::optional<Address> offset_of(const std::string& rule) {
  if (!rule.starts_with("rsp+")) return std::nullopt;
  const std::string digits = rule.substr(4);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const Address distance = std::stoull(digits);
  if (distance < word) return std::nullopt;
  return distance - word;
}

}  // namespace

FrameTable::FrameTable(const std::string& text) {
  std::istringstream lines(text);
  Address end = 0;
  for (std::string line; std::getline(lines, line);) {
    if (const auto at = line.find(" FDE "); at != std::string::npos) {
      const auto range = line.find("pc=", at), dots = line.find("..", at);
      if (range == std::string::npos || dots == std::string::npos) continue;
      const auto low = hexadecimal(line.substr(range + 3, dots - range - 3));
      const auto high = hexadecimal(line.substr(dots + 2));
      if (!low || !high) continue;
      end = *high;
      rows_[*low] = {end, 0};  // as at a function's entry, until a row says otherwise
      continue;
    }
    if (line.find(" CIE ") != std::string::npos) end = 0;
    if (end == 0) continue;
    std::istringstream words(line);
    std::string location, rule;
    words >> location >> rule;
    const auto low = hexadecimal(location);
    if (location.size() == 16 && low) rows_[*low] = {end, offset_of(rule)};
  }
}

std::optional<Address> FrameTable::return_address_offset(Address ip) const {
  auto row = rows_.upper_bound(ip);
  if (row == rows_.begin()) return std::nullopt;
  --row;
  return ip < row->second.end ? row->second.offset : std::nullopt;
}

}  // namespace symbolize
