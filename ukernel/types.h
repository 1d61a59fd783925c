// SPDX-License-Identifier: MIT
// The few types that every file of the kernel uses.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace mica {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

// A virtual address of a user; the kernel never dereferences one.
using Address = u64;

// A physical address. Only phys_to_virt() turns one into a pointer.
struct Phys {
  u64 value = 0;
  constexpr bool operator==(const Phys&) const = default;
  constexpr auto operator<=>(const Phys&) const = default;
  constexpr Phys operator+(u64 bytes) const { return {value + bytes}; }
};

// A point on, or a distance along, the CPU's time-stamp counter.
using Ticks = u64;

inline constexpr u64 page_bits = 12;
inline constexpr u64 page_size = u64{1} << page_bits;

[[gnu::always_inline]] constexpr u64 bits(u64 word, unsigned low, unsigned count) {
  return (word >> low) & ((u64{1} << count) - 1);
}

}  // namespace mica
