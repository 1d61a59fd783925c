// SPDX-License-Identifier: MIT
// Base address registers: where a function answers, and how far. A register tells which of its
// bits are fixed when all are set; what it answers that is no power of two, or at no multiple of
// its size, is not usable.
#pragma once

#include <array>

#include "enumeration.h"

namespace pci {

struct Region {
  std::uint64_t address = 0, bytes = 0;  // no bytes: none
  bool ports = false;
};

inline constexpr unsigned regions_per_function = 6;
using Regions = std::array<Region, regions_per_function>;

// The region of an address and the answer to ones, without the bits that say its kind.
constexpr Region region_of(std::uint64_t address, std::uint64_t answer, std::uint64_t above, bool ports) {
  if (answer == 0) return {};
  const std::uint64_t bytes = ~(answer | above) + 1;
  if (bytes == 0 || (bytes & (bytes - 1)) != 0 || address == 0 || (address & (bytes - 1)) != 0) return {};
  if (address + bytes < address) return {};
  return {address, bytes, ports};
}

// The function does not answer at its regions while they are measured.
template <typename Config>
Regions read_regions(Config& config, Address function) {
  constexpr std::uint32_t ones = 0xffff'ffff, io = 1, kind = 6, wide = 4;
  Regions regions{};
  const unsigned type = header_type(config, function);
  const unsigned count = type == 0 ? regions_per_function : type == 1 ? 2u : 0u;
  // The host's own bridge must go on.
  if (config.read(function, reg::class_code) >> 16 == 0x0600) return regions;
  const std::uint32_t before = config.read(function, reg::command) & command::all;
  config.write(function, reg::command, before & ~(command::ports | command::memory));
  const auto ask = [&](unsigned offset, std::uint32_t value) {
    config.write(function, offset, ones);
    const std::uint32_t answer = config.read(function, offset);
    config.write(function, offset, value);
    return answer;
  };
  for (unsigned n = 0; n < count; ++n) {
    const unsigned offset = reg::base + 4 * n;
    const std::uint32_t value = config.read(function, offset), answer = ask(offset, value);
    if ((value & io) != 0) {
      regions[n] = region_of(value & 0xfffc, answer & 0xfffc, ~std::uint64_t{0xffff}, true);
    } else if ((value & kind) != wide) {
      regions[n] = region_of(value & ~0xfu, answer & ~0xfu, ~std::uint64_t{ones}, false);
    } else if (n + 1 < count) {
      const std::uint32_t high = config.read(function, offset + 4), high_answer = ask(offset + 4, high);
      regions[n] = region_of((std::uint64_t{high} << 32 | value) & ~std::uint64_t{0xf},
                             (std::uint64_t{high_answer} << 32 | answer) & ~std::uint64_t{0xf}, 0, false);
      ++n;
    }
  }
  config.write(function, reg::command, before);
  return regions;
}

}  // namespace pci
