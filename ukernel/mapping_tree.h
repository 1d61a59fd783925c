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
static_assert(access_marks <= 0xff);  // so that Mapping::status holds them

inline Mapping* mapping_at(u32 link) { return from_link<Mapping>(link); }

inline PageTable& tree_of(Space& space, bool ports) { return ports ? space.ports : space.memory; }

// --- Entries ---------------------------------------------------------------

static_assert(entry::writable == Rights::w && entry::no_execute == u64{Rights::x} << 63);

inline Rights rights_of(u64 value) {
  return {static_cast<u8>(Rights::r | (value & entry::writable) | (~value >> 63))};
}

[[gnu::always_inline]] inline u64 without(u64 value, Rights rights) {
  if (rights.has(Rights::w)) value &= ~entry::writable;
  if (rights.has(Rights::x) && no_execute_enforced) value |= entry::no_execute;
  return value;
}

inline u64 entry_for(Phys frame, Rights rights) {
  return without(frame.value | entry::present | entry::user | entry::writable, ~rights);
}

// What the marks of entries, gathered, say: referenced r and x, written r and w.
inline Rights accesses(u8 marks) {
  u8 rights = 0;
  if ((marks & entry::accessed) != 0) rights |= Rights::r | Rights::x;
  if ((marks & entry::dirty) != 0) rights |= Rights::r | Rights::w;
  return {rights};
}

// Can a user's page be taken from this entry?
inline bool is_users(u64 value) { return (value & (entry::present | entry::fixed)) == entry::present; }

// --- What must follow a change ------------------------------------------------

// Collects the pages and ports whose entries lost something, and tells the CPU:
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

  void page_changed(const Space& space, const u64* leaf) {
    if (is_loaded(space.memory.root())) forget(leaf);
  }
  void port_changed(Space& space, const u64* leaf, bool allowed);

 private:
  static constexpr u64 max_single_pages = 32;

  void forget(const u64* leaf);

  u64 pages_ = 0;
  Space* ports_of_ = nullptr;
};

// --- Trees -------------------------------------------------------------------

// Makes `next` (0: the end of the list) follow `before` (0: its beginning).
inline void join(u32 before, u32 next) {
  if (before != 0) mapping_at(before)->next = next;
  if (next != 0) mapping_at(next)->prev = before;
}

// Ends a mapping, except for its place in the list; returns the marks it leaves.
inline u8 end_mapping(Mapping* node, Aftermath& after) {
  u64* const leaf = node->leaf;
  const u8 marks = static_cast<u8>((*leaf & access_marks) | node->status);
  *leaf = 0;
  Space& space = *from_link<Space>(node->space);
  if (node->ports == 0) [[likely]] {
    after.page_changed(space, leaf);
  } else {
    after.port_changed(space, leaf, false);
  }
  space.pool.give_mapping(node);
  return marks;
}

// Takes rights from all that is derived from `top`, and with `self` from itself;
// returns the marks since somebody last asked there.
u8 revoke(Mapping* top, Rights taken, bool self, Aftermath& after);

}  // namespace mica
