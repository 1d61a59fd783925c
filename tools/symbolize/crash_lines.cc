// SPDX-License-Identifier: MIT
#include "crash_lines.h"

namespace symbolize {

namespace {

// Takes "0x1234" from the front of `text`.
std::optional<Address> take_address(std::string& text) {
  if (!text.starts_with("0x")) return std::nullopt;
  const auto digits = text.find_first_not_of("0123456789abcdef", 2);
  const std::size_t end = digits == std::string::npos ? text.size() : digits;
  if (end == 2 || end > 18) return std::nullopt;
  const Address address = std::stoull(text.substr(2, end - 2), nullptr, 16);
  text.erase(0, end);
  return address;
}

bool take(std::string& text, const std::string& beginning) {
  if (!text.starts_with(beginning)) return false;
  text.erase(0, beginning.size());
  return true;
}

}  // namespace

std::optional<std::string> crashed_program(const std::string& line) {
  const std::string mark = " (program ";
  if (!line.starts_with("crash: ")) return std::nullopt;
  const auto at = line.find(mark);
  if (at == std::string::npos) return std::nullopt;
  const auto end = line.find(')', at);
  if (end == std::string::npos) return std::nullopt;
  return line.substr(at + mark.size(), end - at - mark.size());
}

std::optional<Frame> crash_frame(const std::string& line) {
  std::string rest = line;
  if (!take(rest, "crash:   frame ")) return std::nullopt;
  const auto address = take_address(rest);
  if (!address) return std::nullopt;
  if (rest.empty()) return Frame{*address, std::nullopt};
  if (!take(rest, " at sp+")) return std::nullopt;
  const auto offset = take_address(rest);
  if (!offset || !rest.empty()) return std::nullopt;
  return Frame{*address, *offset};
}

bool begins_panic(const std::string& line) { return line.starts_with("*** kernel panic: "); }

std::optional<Address> panic_frame(const std::string& line) {
  std::string rest = line;
  if (!take(rest, "  ")) return std::nullopt;
  const auto address = take_address(rest);
  return rest.empty() ? address : std::nullopt;
}

}  // namespace symbolize
