// SPDX-License-Identifier: MIT
// An address space: page table, I/O ports, areas, and the pool that pays for it.
#pragma once

#include <bit>

#include "mapping.h"

namespace mica {

struct Thread;

// UTCBs and their owners: the first 512 slots are found without a detour, which
// is what the fast path uses; slots beyond by a second level.
struct UtcbSlots {
  Address first = 0;          // local id of slot 0: base of the area + 0x200
  u64 count = 0;              // slots of the area
  u64 high = 0;               // slots from here on were never used
  u64 direct = 0;             // slots in `direct_threads`: min(count, 512), 0 before the first
  Thread** direct_threads = nullptr;
  Thread*** further = nullptr;  // a frame of pointers to frames of 512, or null
};

// A large page of the space that is being split (split.cc): what will take its place.
struct Split {
  TableNode* table = nullptr;  // null: none is
  u64* leaf = nullptr;         // the page's entry, and what it was when this began
  u64 value = 0;
  u32 parent = 0, depth = 0;   // of its mapping
  u64 count = 0;               // entries that are ready
};

struct Space {
  Pool pool;
  PageTable memory;
  PageTable ports;
  u8* io_bitmap = nullptr;    // 8 KiB (one block of two frames), a set bit forbids; null: no port ever
  bool sigma0 = false;        // maps beyond its page table: address X is physical X, port P is port P
  bool privileged = false;
  bool initialised = false;   // has its areas
  Fpage utcb_area, kip_area;
  u64 redirector = ~u64{0};   // raw id; anythread = none
  u64 next_redirector = ~u64{0};  // the same, but when the keys of threads are still the old ones
  u32 old_keys = 0;           // of so many of its threads, the first ones, at most
  UtcbSlots slots;
  Split split;
  Thread* threads = nullptr;  // its threads, through Thread::in_space
  u32 thread_count = 0;
  u32 active_count = 0;

  // The slot of a UTCB at `address`; not below slots.count when none can be there.
  u64 utcb_slot(Address address) const {
    return std::rotr(address + utcb_mr_offset - slots.first, static_cast<int>(utcb_align_bits));
  }
  bool redirector_is_free() const { return redirector == ~u64{0}; }
  bool keys_are_rare() const { return next_redirector != ~u64{0}; }
};

}  // namespace mica
