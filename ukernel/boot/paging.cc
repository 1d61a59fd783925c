// SPDX-License-Identifier: MIT
#include "paging.h"

extern "C" mica::u64 top_table[512];

namespace mica {

namespace {

constexpr u64 present = 1, writable = 2, no_execute_bit = u64{1} << 63;
constexpr u64 address_mask = 0x000ffffffffff000;

struct alignas(page_size) Table {
  u64 entries[512];
};
Table pool[40];
unsigned pool_used = 0;

// The table an entry points to; a new one when there is none yet, nullptr when all are used.
u64* next_table(u64& entry) {
  if ((entry & present) == 0) {
    if (pool_used == std::size(pool)) return nullptr;
    entry = reinterpret_cast<u64>(&pool[pool_used++]) | present | writable;
  }
  return reinterpret_cast<u64*>(entry & address_mask);
}

bool map_page(u64 address, u64 entry) {
  u64* table = top_table;
  for (unsigned level = 3; level > 0; --level) {
    table = next_table(table[bits(address, page_bits + 9 * level, 9)]);
    if (table == nullptr) return false;
  }
  table[bits(address, page_bits, 9)] = entry;
  return true;
}

}  // namespace

bool map_kernel(const ElfImage& kernel, u64 physical_base, bool no_execute) {
  const u64 virtual_base = kernel.virtual_span().pages_around().low;
  for (const Segment& segment : kernel.segments) {
    u64 flags = present;
    if ((segment.flags & Segment::writable) != 0) flags |= writable;
    if (no_execute && (segment.flags & Segment::executable) == 0) flags |= no_execute_bit;
    const Range pages = segment.virtual_range().pages_around();
    for (u64 at = 0; at < pages.size(); at += page_size) {
      const u64 address = pages.low + at;
      if (!map_page(address, (address - virtual_base + physical_base) | flags)) return false;
    }
  }
  return true;
}

u64 top_table_address() { return reinterpret_cast<u64>(top_table); }

}  // namespace mica
