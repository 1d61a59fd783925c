// SPDX-License-Identifier: MIT
// The list of a function's capabilities. It ends where it leaves the space, comes back to itself
// or is as long as there is room for: a list that a device has made up wrongly ends, too.
#pragma once

#include <array>
#include <optional>

#include "enumeration.h"

namespace pci {

struct Capability {
  std::uint8_t id = 0, offset = 0;
};

namespace capability {
inline constexpr std::uint8_t msi = 5, vendor = 9, msi_x = 0x11;
inline constexpr unsigned first_offset = 0x40;
}  // namespace capability

// Calls visit(Capability) for each, until it says true.
template <typename Config, typename Visit>
void for_each_capability(Config& config, Address function, Visit&& visit) {
  if ((config.read(function, reg::command) & command::has_capabilities) == 0) return;
  if (header_type(config, function) > 1) return;
  std::array<bool, config_bytes / 4> seen{};
  unsigned at = config.read(function, reg::capabilities) & 0xfc;
  while (at >= capability::first_offset && !seen[at / 4]) {
    seen[at / 4] = true;
    const std::uint32_t head = config.read(function, at);
    if ((head & 0xff) == 0xff) return;  // the function is gone
    if (visit(Capability{static_cast<std::uint8_t>(head), static_cast<std::uint8_t>(at)})) return;
    at = head >> 8 & 0xfc;
  }
}

template <typename Config>
std::optional<Capability> find_capability(Config& config, Address function, std::uint8_t id) {
  std::optional<Capability> found;
  for_each_capability(config, function, [&](const Capability& c) {
    if (c.id == id) found = c;
    return found.has_value();
  });
  return found;
}

// Does the word at this offset belong to a capability of the vendor's? Its first word, with
// the link to the next one, does not count. A capability ends at the latest where another begins.
template <typename Config>
bool is_vendors(Config& config, Address function, unsigned offset) {
  Capability last;
  for_each_capability(config, function, [&](const Capability& c) {
    if (c.offset <= offset && c.offset >= last.offset) last = c;
    return false;
  });
  if (last.id != capability::vendor || offset == last.offset) return false;
  const unsigned bytes = config.read(function, last.offset) >> 16 & 0xff;
  return offset + 4 <= last.offset + bytes;
}

}  // namespace pci
