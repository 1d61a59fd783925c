// SPDX-License-Identifier: MIT
// Interrupts as messages: the capabilities MSI and MSI-X of a function.
#pragma once

#include <utility>

#include "capabilities.h"
#include "regions.h"

namespace pci {

// Messages to other addresses than these would be writes to memory.
inline constexpr std::uint64_t message_low = 0xfee0'0000, message_high = 0xfef0'0000;
constexpr bool is_message(std::uint64_t address, std::uint64_t data) {
  return address >= message_low && address < message_high && address % 4 == 0 && data >> 32 == 0;
}

// The table of MSI-X: entries of 16 bytes in one of the memory regions.
struct MessageTable {
  unsigned region = 0;
  std::uint32_t offset = 0;
  unsigned entries = 0;  // 0: there is none, or not inside its region
  std::uint32_t end() const { return offset + 16 * entries; }
};

template <typename Config>
MessageTable message_table(Config& config, Address function, const Regions& regions) {
  const auto found = find_capability(config, function, capability::msi_x);
  if (!found || found->offset > config_bytes - 12) return {};
  const std::uint32_t place = config.read(function, found->offset + 4);
  MessageTable table{place & 7, place & ~7u, (config.read(function, found->offset) >> 16 & 0x7ff) + 1};
  if (table.region >= regions_per_function) return {};
  const Region& region = regions[table.region];
  if (region.ports || region.bytes < 16 * table.entries || table.offset > region.bytes - 16 * table.entries)
    return {};
  return table;
}

template <typename Config>
bool has_msi(Config& config, Address function) {
  const auto found = find_capability(config, function, capability::msi);
  return found && found->offset <= config_bytes - 16;
}

// MSI, with one message.
template <typename Config>
void set_msi(Config& config, Address function, std::uint64_t address, std::uint32_t data) {
  constexpr std::uint32_t enable = 1 << 16, several = 7 << 20, wide = 1 << 23;
  const unsigned at = find_capability(config, function, capability::msi)->offset;
  const std::uint32_t head = config.read(function, at);
  const unsigned data_at = at + ((head & wide) != 0 ? 12 : 8);
  config.write(function, at, head & ~enable);
  config.write(function, at + 4, static_cast<std::uint32_t>(address));
  if ((head & wide) != 0) config.write(function, at + 8, static_cast<std::uint32_t>(address >> 32));
  config.write(function, data_at, (config.read(function, data_at) & 0xffff'0000) | (data & 0xffff));
  config.write(function, at, (head & ~several) | enable);
}

// Turns MSI-X on, each message masked as its entry says.
template <typename Config>
void enable_msi_x(Config& config, Address function) {
  constexpr std::uint32_t enable = 1u << 31, all_masked = 1 << 30;
  const unsigned at = find_capability(config, function, capability::msi_x)->offset;
  config.write(function, at, (config.read(function, at) & ~all_masked) | enable);
}

// No message any more, of either kind.
template <typename Config>
void disable_messages(Config& config, Address function) {
  for (const auto& [id, enable] :
       {std::pair{capability::msi, 1u << 16}, std::pair{capability::msi_x, 1u << 31}}) {
    if (const auto found = find_capability(config, function, id)) {
      config.write(function, found->offset, config.read(function, found->offset) & ~enable);
    }
  }
}

// An entry of the table, at the memory where it is.
struct MessageEntry {
  volatile std::uint32_t address_low, address_high, data, control;
  void set(std::uint64_t address, std::uint32_t message) {
    control = 1;  // masked meanwhile
    address_low = static_cast<std::uint32_t>(address);
    address_high = static_cast<std::uint32_t>(address >> 32);
    data = message;
    control = 0;
  }
};
static_assert(sizeof(MessageEntry) == 16);

}  // namespace pci
