// SPDX-License-Identifier: MIT
// The inside of the mapping database: what its two halves, making mappings
// (transfer.cc) and ending them (mapping.cc), share.
#pragma once

#include <seam.h>

#include "mapping.h"
#include "space.h"

namespace mica {

inline constexpr u64 page_limit = user_end >> page_bits;
inline constexpr u64 port_limit = u64{1} << Fpage::port_bits;
inline constexpr u64 access_marks = entry::accessed | entry::dirty;

inline Mapping* mapping_at(u32 link) { return from_link<Mapping>(link); }
inline Mapping* mapping_or_null(u32 link) { return link == 0 ? nullptr : mapping_at(link); }

inline PageTable& tree_of(Space& space, bool ports) { return ports ? space.ports : space.memory; }

// --- Entries ---------------------------------------------------------------

static_assert(entry::writable == Rights::w && entry::no_execute == u64{Rights::x} << 63);

inline Rights rights_of(u64 value) {
  return {static_cast<u8>(Rights::r | (value & entry::writable) | (~value >> 63))};
}

inline u64 entry_for(Phys frame, Rights rights) {
  u64 value = frame.value | entry::present | entry::user | (rights.raw & Rights::w);
  if (!rights.has(Rights::x) && no_execute_enforced) value |= entry::no_execute;
  return value;
}

// --- What must follow a change ------------------------------------------------

// Collects the spaces and pages whose entries lost something, and tells the CPU:
// page by page while they are few, all at once otherwise.
class Aftermath {
 public:
  Aftermath() = default;
  Aftermath(const Aftermath&) = delete;
  Aftermath& operator=(const Aftermath&) = delete;
  ~Aftermath() {
    if (pages_ > max_single_pages) invalidate_all();
    if (ports_of_) ports_changed(*ports_of_);
  }

  void page_changed(u32 space, const u64* leaf) {
    if (space != space_) {
      space_ = space;
      loaded_ = is_loaded(from_link<Space>(space)->memory.root());
    }
    if (!loaded_ || ++pages_ > max_single_pages) return;
    invalidate_page((TableNode::of(leaf)->head.first_page + TableNode::index_of(leaf)) << page_bits);
  }

  void port_changed(Space& space, const u64* leaf, bool allowed) {
    if (ports_of_ != &space) {
      if (ports_of_) ports_changed(*ports_of_);
      ports_of_ = &space;
    }
    const u64 port = TableNode::of(leaf)->head.first_page + TableNode::index_of(leaf);
    u8& byte = space.io_bitmap[port / 8];
    const u8 bit = static_cast<u8>(1u << port % 8);
    byte = allowed ? byte & static_cast<u8>(~bit) : byte | bit;
  }

 private:
  static constexpr u64 max_single_pages = 32;
  u32 space_ = 0;
  bool loaded_ = false;
  u64 pages_ = 0;
  Space* ports_of_ = nullptr;
};

// Makes `next` (or the end of the list) follow `before` (or begin it).
inline void join(Mapping* before, u32 next) {
  if (before) before->next = next;
  if (next != 0) mapping_at(next)->prev = before ? to_link(before) : 0;
}

// Ends a mapping, except for its place in the list; returns the accesses it owes.
u8 end_mapping(Mapping* node, Aftermath& after);

// Takes rights from all that is derived from `top`, and with `self` from itself;
// returns the accesses since somebody last asked there.
Rights revoke(Mapping* top, Rights taken, bool self, Aftermath& after);

}  // namespace mica
