// SPDX-License-Identifier: MIT
// The inside of the mapping database: what its parts, making mappings (transfer.cc),
// ending them (mapping.cc) and splitting pages (split.cc), share.
#pragma once

#include <seam.h>

#include "bookmark.h"
#include "mapping.h"
#include "space.h"

namespace mica {

inline constexpr u64 page_limit = user_end >> page_bits;
inline constexpr u64 port_limit = u64{1} << Fpage::port_bits;
inline constexpr u64 access_marks = entry::accessed | entry::dirty;
static_assert(access_marks <= 0xff);  // so that Mapping::status holds them

inline Mapping* mapping_at(u32 link) { return from_link<Mapping>(link); }

inline PageTable& tree_of(Space& space, bool ports) { return ports ? space.ports : space.memory; }

// A generation deeper; the room between is for one that is being put in between.
inline constexpr u32 depth_step = 4;

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

// The entry of the page at `offset` pages into a large one, for a level below.
u64 part_of(u64 large, unsigned level, u64 offset);

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

// What comes behind a node, bookmarks apart; null: nothing.
inline Mapping* following(const Mapping* node) {
  u32 next = node->next;
  while (next != 0) {
    Mapping* const found = mapping_at(next);
    if (!found->is_bookmark()) [[likely]] return found;
    next = found->next;
  }
  return nullptr;
}
// The first that is derived from a node, or null.
inline Mapping* first_derived(const Mapping* node) {
  Mapping* const next = following(node);
  return next && next->depth > node->depth ? next : nullptr;
}

// May nothing be derived from the node now, since it is leaving, or being revoked with
// one above it, or too deep?
bool is_closed(const Mapping* node);
inline bool may_be_closed(const Mapping* node) {
  return (node->flags | bookmarks_in_use) != 0 || node->depth >= max_generations * depth_step;
}

// Enters a mapping whose place in the tree is set.
inline void enter(Slot slot, Mapping* node, u64 value) {
  node->leaf = slot.leaf;
  slot.link() = to_link(node);
  slot.enter(value);
}

// What is mapped again has the rights of both.
inline void add_rights(Space& space, u64* leaf, u64 value, Aftermath& after) {
  const u64 old = *leaf;
  *leaf = (old | (value & entry::writable)) & (value | ~entry::no_execute);
  if (*leaf != old) after.page_changed(space, leaf);
}

// Makes `node` a mapping of `space` that is derived from `parent`.
inline void derive(Mapping* node, Mapping* parent, Space& space) {
  const u32 link = to_link(node), parent_link = to_link(parent), next = parent->next;
  *node = {.next = next,
           .prev = parent_link,
           .parent = parent_link,
           .space = to_link(&space),
           .depth = parent->depth + depth_step,
           .ports = parent->ports};
  parent->next = link;
  if (next != 0) mapping_at(next)->prev = link;
}

// Ends a mapping, except for its place in the list; returns the marks it leaves.
u8 end_mapping(Mapping* node, Aftermath& after);
[[gnu::always_inline]] inline u8 end_mapping_at_once(Mapping* node, Aftermath& after) {
  u64* const leaf = node->leaf;
  const u8 marks = static_cast<u8>((*leaf & access_marks) | node->status);
  *leaf = 0;
  Space& space = *from_link<Space>(node->space);
  if (node->ports == 0) [[likely]] {
    after.page_changed(space, leaf);
  } else {
    after.port_changed(space, leaf, false);
  }
  if (node->flags != 0) [[unlikely]] forget_bookmarks_of(node);
  space.pool.give_mapping(node);
  return marks;
}

// Ends all that is derived from `top`; the marks go to top->status. `owner` is the
// operation's, for bookmarks; the next step goes on at the same `top`.
Progress end_derived(Mapping* top, const void* owner, Budget& budget, Aftermath& after);
// And itself, whose marks are the caller's.
Progress end_all(Mapping* top, const void* owner, Budget& budget, Aftermath& after, u8& marks);
// And itself, whose marks go to the one above.
Progress revoke(Mapping* top, const void* owner, Budget& budget, Aftermath& after);
// A flexpage covers a part of a large page, or the kernel needs one: takes all that is
// derived from it, and splits it. Without memory for that it ends.
Progress take_part(Space& space, Slot slot, const void* owner, Budget& budget, Aftermath& after);

// --- Splitting ---------------------------------------------------------------

// Puts 512 pages of the next smaller size in the place of a page from which nothing is
// derived. no_memory: it stays as it is.
[[nodiscard]] MapStep split(Space& space, Slot slot, Budget& budget);
// A split that is under way in a dying space.
void abandon_split(Space& space);

}  // namespace mica
