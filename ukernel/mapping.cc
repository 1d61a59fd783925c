// SPDX-License-Identifier: MIT
#include "mapping_tree.h"

namespace mica {

namespace {

u64 without(u64 value, Rights rights) {
  if (rights.has(Rights::w)) value &= ~entry::writable;
  if (rights.has(Rights::x) && no_execute_enforced) value |= entry::no_execute;
  return value;
}

// What the marks of an entry say: referenced r and x, written r and w.
u8 accesses(u64 value) {
  const u64 referenced = value / entry::accessed & 1, written = value / entry::dirty & 1;
  return static_cast<u8>(referenced * (Rights::r | Rights::x) | written * (Rights::r | Rights::w));
}

// Takes rights from a mapping that keeps some; returns the accesses it owes.
u8 reduce_mapping(Mapping* node, Rights taken, Aftermath& after) {
  const u64 value = *node->leaf;
  const u64 reduced = without(value, taken) & ~access_marks;
  if (reduced != value) {
    *node->leaf = reduced;
    after.page_changed(node->space, node->leaf);
  }
  const u8 status = node->status | accesses(value);
  node->status = 0;
  return status;
}

bool is_ended_by(const Mapping* node, Rights taken) {
  return node->ports != 0 ? !taken.empty() : (rights_of(*node->leaf) & ~taken).empty();
}

}  // namespace

u8 end_mapping(Mapping* node, Aftermath& after) {
  u64* const leaf = node->leaf;
  const u64 value = *leaf;
  Slot{leaf}.clear();
  Space& space = *from_link<Space>(node->space);
  if (node->ports == 0) {
    after.page_changed(node->space, leaf);
  } else {
    after.port_changed(space, leaf, false);
  }
  const u8 status = node->status | accesses(value);
  space.pool.give_mapping(node);
  return status;
}

// A mapping goes with the one it is derived from, whatever rights it has.
Rights revoke(Mapping* top, Rights taken, bool self, Aftermath& after) {
  constexpr u32 none = ~u32{0};
  const u32 depth = top->depth;
  Mapping* const parent = mapping_or_null(top->parent);
  Mapping* kept = top;      // the last node that stays
  bool gap = false;         // have nodes after it gone?
  u32 gone_depth = none;    // deeper nodes than this are derived from one that has gone
  u32 next = top->next;
  u8 status = top->status;
  top->status = 0;
  if (self && is_ended_by(top, taken)) {
    kept = mapping_or_null(top->prev);
    gap = true;
    gone_depth = depth;
    status |= end_mapping(top, after);
  } else if (self) {
    status |= reduce_mapping(top, taken, after);
  }
  while (next != 0) {
    Mapping* const node = mapping_at(next);
    if (node->depth <= depth) break;
    const u32 following = node->next;
    if (node->depth > gone_depth) {
      status |= end_mapping(node, after);
    } else if (is_ended_by(node, taken)) {
      gone_depth = node->depth;
      gap = true;
      status |= end_mapping(node, after);
    } else {
      gone_depth = none;
      if (gap) join(kept, next);
      gap = false;
      kept = node;
      status |= reduce_mapping(node, taken, after);
    }
    next = following;
  }
  if (gap) join(kept, next);
  if (parent) parent->status |= status;
  return {status};
}

// --- Unmap -----------------------------------------------------------------------

Rights unmap(Space& space, Fpage fpage, bool flush) {
  if (!fpage.usable()) return Rights::none();
  const bool ports = fpage.is_io();
  const PageTable& tree = tree_of(space, ports);
  const u64 first = ports ? fpage.base() : fpage.base() >> page_bits;
  const u64 count = u64{1} << (ports ? fpage.order() : fpage.order() - page_bits);
  const u64 limit = ports ? port_limit : page_limit;
  const Rights taken = fpage.rights();
  Aftermath after;
  if (count == 1) {
    const Slot slot = first < limit ? tree.find(first) : Slot{};
    if (!slot || !slot.present() || slot.fixed()) return Rights::none();
    return revoke(mapping_at(slot.link()), taken, flush, after);
  }
  Rights status;
  tree.for_each_present(first, first + count < limit ? first + count : limit, [&](u64, Slot slot) {
    if (!slot.fixed()) status = status | revoke(mapping_at(slot.link()), taken, flush, after);
  });
  return status;
}

void unmap_everything(Space& space) {
  unmap(space, Fpage::complete(Rights::all()), true);
  unmap(space, Fpage::io(0, Fpage::port_bits, Rights::all()), true);
  if (!space.io_bitmap) return;
  u8* const bitmap = space.io_bitmap;
  space.io_bitmap = nullptr;
  ports_changed(space);
  space.pool.give_block(bitmap);
}

// --- The kernel's own use ----------------------------------------------------------

bool place_fixed_page(Space& space, Address address, Phys frame, bool writable) {
  const u64 page = address >> page_bits;
  if (page >= page_limit) return false;
  const Slot slot = space.memory.make(page, space.pool);
  if (!slot) return false;
  Aftermath after;
  if (slot.present() && !slot.fixed()) revoke(mapping_at(slot.link()), Rights::all(), true, after);
  const Rights rights{static_cast<u8>(writable ? Rights::r | Rights::w : Rights::r)};
  if (slot.present()) after.page_changed(to_link(&space), slot.leaf);
  slot.link() = 0;
  slot.enter(entry_for(frame, rights) | entry::fixed);
  return true;
}

void remove_fixed_page(Space& space, Address address) {
  const u64 page = address >> page_bits;
  const Slot slot = page < page_limit ? space.memory.find(page) : Slot{};
  if (!slot || !slot.present() || !slot.fixed()) return;
  Aftermath after;
  slot.clear();
  after.page_changed(to_link(&space), slot.leaf);
}

std::optional<Phys> translate(Space& space, Address address, Rights rights) {
  if (address >= user_end) return std::nullopt;
  const Slot slot = space.memory.find(address >> page_bits);
  if (!slot || !slot.present() || (*slot.leaf & entry::device)) return std::nullopt;
  if (!(rights & ~rights_of(*slot.leaf)).empty()) return std::nullopt;
  *slot.leaf |= rights.has(Rights::w) ? access_marks : entry::accessed;
  return slot.frame() + (address & (page_size - 1));
}

}  // namespace mica
