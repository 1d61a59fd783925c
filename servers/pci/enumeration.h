// SPDX-License-Identifier: MIT
// Which functions there are: all of bus 0 and of the buses behind bridges. The firmware has
// numbered the buses. Each bus is looked at once, whatever the bridges say.
#pragma once

#include <array>

#include "config.h"

namespace pci {

template <typename Config>
bool present(Config& config, Address function) {
  const std::uint32_t vendor = config.read(function, reg::identity) & 0xffff;
  return vendor != 0xffff && vendor != 0;
}

template <typename Config>
unsigned header_type(Config& config, Address function) {
  return config.read(function, reg::header) >> 16 & 0x7f;
}

template <typename Config>
bool is_bridge(Config& config, Address function) {
  return config.read(function, reg::class_code) >> 24 == 0x06;
}

// Calls visit(Address) for each function, bus by bus.
template <typename Config, typename Visit>
void for_each_function(Config& config, Visit&& visit) {
  std::array<bool, buses> known{};
  std::array<std::uint8_t, buses> found{};
  unsigned count = 1;  // bus 0
  known[0] = true;
  for (unsigned n = 0; n < count; ++n) {
    const unsigned bus = found[n];
    for (unsigned device = 0; device < devices_per_bus; ++device) {
      if (!present(config, Address(bus, device, 0))) continue;
      const bool several = (config.read(Address(bus, device, 0), reg::header) & 0x80'0000) != 0;
      for (unsigned f = 0; f < (several ? functions_per_device : 1); ++f) {
        const Address function(bus, device, f);
        if (!present(config, function)) continue;
        visit(function);
        if (header_type(config, function) != 1) continue;
        const unsigned behind = config.read(function, reg::buses) >> 8 & 0xff;
        if (known[behind]) continue;
        known[behind] = true;
        found[count++] = static_cast<std::uint8_t>(behind);
      }
    }
  }
}

}  // namespace pci
