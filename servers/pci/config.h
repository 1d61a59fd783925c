// SPDX-License-Identifier: MIT
// The configuration space of PCI, 256 bytes a function. A `Config` is any type with
//
//   std::uint32_t read(Address, unsigned offset)              offset: a multiple of 4
//   void write(Address, unsigned offset, std::uint32_t value)
//
// What is not there reads as ones.
#pragma once

#include <cstdint>

namespace pci {

// Bus, device and function.
struct Address {
  std::uint16_t raw = 0;  // bus << 8 | device << 3 | function
  constexpr Address() = default;
  constexpr explicit Address(unsigned address) : raw(static_cast<std::uint16_t>(address)) {}
  constexpr Address(unsigned bus, unsigned device, unsigned function)
      : Address(bus << 8 | device << 3 | function) {}
  constexpr unsigned bus() const { return raw >> 8; }
  constexpr bool operator==(const Address&) const = default;
};

inline constexpr unsigned config_bytes = 256, devices_per_bus = 32, functions_per_device = 8, buses = 256;

// Registers, by the offset of the 32 bits that they lie in.
namespace reg {
inline constexpr unsigned identity = 0x00;    // vendor, product
inline constexpr unsigned command = 0x04;     // command, status
inline constexpr unsigned class_code = 0x08;  // revision, class
inline constexpr unsigned header = 0x0c;      // .., header type in bits 16-23
inline constexpr unsigned base = 0x10;        // six base address registers; two of a bridge
inline constexpr unsigned buses = 0x18;       // of a bridge: primary, secondary, subordinate
inline constexpr unsigned capabilities = 0x34;
inline constexpr unsigned interrupt = 0x3c;  // line, pin
}  // namespace reg

namespace command {
inline constexpr std::uint32_t ports = 1, memory = 2, master = 4, no_line = 1 << 10;
inline constexpr std::uint32_t all = 0xffff;  // the status above is written as zeros, which change nothing
inline constexpr std::uint32_t has_capabilities = 1 << 20;
}  // namespace command

inline constexpr std::uint32_t nobody = 0xffff'ffff;

template <typename Config>
void set_command(Config& config, Address function, std::uint32_t on, std::uint32_t off) {
  const std::uint32_t now = config.read(function, reg::command) & command::all;
  config.write(function, reg::command, (now & ~off) | on);
}

}  // namespace pci
