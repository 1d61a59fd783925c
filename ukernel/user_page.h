// SPDX-License-Identifier: MIT
// A user's page as the kernel reads and writes it in a user's name.
#pragma once

#include <seam.h>

#include "page_table.h"

namespace mica {

inline constexpr u64 words_a_page = page_size / sizeof(u64);

inline u64 least(u64 a, u64 b) { return a < b ? a : b; }
inline u64 rest_of_page(Address address) { return page_size - address % page_size; }

inline constexpr u64 to_read = 0, to_write = entry::writable;

// Where the kernel reaches the page of an entry, for an access as the CPU would make
// it for a user: with his rights, and leaving its mark. Null: a fault.
template <u64 right>
[[gnu::always_inline]] inline u8* reach(u64* leaf) {
  constexpr u64 wanted = entry::present | right, marks = entry::accessed | (right != 0 ? entry::dirty : 0);
  const u64 value = *leaf;
  if ((value & (wanted | entry::device)) != wanted) return nullptr;
  *leaf = value | marks;
  return static_cast<u8*>(phys_to_virt({value & entry::frame_mask}));
}

}  // namespace mica
