// SPDX-License-Identifier: MIT
#include "mapping_tree.h"

#include "assertion.h"

namespace mica {

void Aftermath::forget(const u64* leaf) {
  if (++pages_ > max_single_pages) return;
  invalidate_page((TableNode::of(leaf)->head.first_page + TableNode::index_of(leaf)) << page_bits);
}

void Aftermath::port_changed(Space& space, const u64* leaf, bool allowed) {
  if (ports_of_ != &space) {
    if (ports_of_) ports_changed(*ports_of_);
    ports_of_ = &space;
  }
  const u64 port = TableNode::of(leaf)->head.first_page + TableNode::index_of(leaf);
  u8& byte = space.io_bitmap[port / 8];
  const u8 bit = static_cast<u8>(1u << port % 8);
  byte = allowed ? byte & static_cast<u8>(~bit) : byte | bit;
}

namespace {

// Takes rights from a mapping that keeps some; returns the marks it had.
u8 reduce_mapping(Mapping* node, Rights taken, Aftermath& after) {
  const u64 value = *node->leaf;
  const u64 reduced = without(value, taken) & ~access_marks;
  if (reduced != value) {
    *node->leaf = reduced;
    after.page_changed(*from_link<Space>(node->space), node->leaf);
  }
  const u8 marks = static_cast<u8>((value & access_marks) | node->status);
  node->status = 0;
  return marks;
}

bool is_ended_by(const Mapping* node, Rights taken) {
  return node->ports != 0 ? !taken.empty() : (rights_of(*node->leaf) & ~taken).empty();
}

// Ends what begins with `next` and is deeper than `depth`: all that is derived
// from the node before it. `before` is the one to stay in front of what follows.
inline u8 end_derived(u32 before, u32 next, u32 depth, Aftermath& after) {
  u8 marks = 0;
  while (next != 0) {
    Mapping* const node = mapping_at(next);
    if (node->depth <= depth) break;
    next = node->next;
    marks |= end_mapping(node, after);
  }
  join(before, next);
  return marks;
}

// Ends a mapping and all that is derived from it.
u8 end_subtree(Mapping* top, Aftermath& after) {
  const u32 before = top->prev, next = top->next, depth = top->depth;
  u8 marks = end_mapping(top, after);
  marks |= end_derived(before, next, depth, after);
  return marks;
}

// Takes some rights from all that is derived from `top`, and ends what has none
// left. A mapping ends with the one it is derived from, whatever rights it has.
u8 reduce_derived(Mapping* top, Rights taken, Aftermath& after) {
  u8 marks = 0;
  Mapping* kept = top;
  while (kept->next != 0) {
    Mapping* const node = mapping_at(kept->next);
    if (node->depth <= top->depth) break;
    if (is_ended_by(node, taken)) {
      marks |= end_subtree(node, after);
    } else {
      marks |= reduce_mapping(node, taken, after);
      kept = node;
    }
  }
  return marks;
}

}  // namespace

u8 revoke(Mapping* top, Rights taken, bool self, Aftermath& after) {
  MICA_ASSERT(*top->leaf & entry::present && (top->parent != 0) == (top->depth != 0));
  const u32 parent = top->parent;
  u8 marks;
  if (self && (taken == Rights::all() || is_ended_by(top, taken))) {
    marks = end_subtree(top, after);
  } else {
    marks = top->status;
    top->status = 0;
    if (self) marks |= reduce_mapping(top, taken, after);
    if (taken == Rights::all()) {
      marks |= end_derived(to_link(top), top->next, top->depth, after);
    } else {
      marks |= reduce_derived(top, taken, after);
    }
  }
  if (marks != 0 && parent != 0) mapping_at(parent)->status |= marks;
  return marks;
}

// --- Unmap -----------------------------------------------------------------------

namespace {

[[gnu::cold, gnu::noinline]] Rights unmap_range(Space& space, Fpage fpage, bool flush) {
  if (!fpage.usable()) return Rights::none();
  const bool ports = fpage.is_io();
  const u64 first = ports ? fpage.base() : fpage.base() >> page_bits;
  const u64 end = first + (u64{1} << (ports ? fpage.order() : fpage.order() - page_bits));
  const u64 limit = ports ? port_limit : page_limit;
  u8 marks = 0;
  Aftermath after;
  tree_of(space, ports).for_each_present(first, end < limit ? end : limit, [&](u64, Slot slot) {
    if (!slot.fixed()) marks |= revoke(mapping_at(slot.link()), fpage.rights(), flush, after);
  });
  return accesses(marks);
}

}  // namespace

Rights unmap(Space& space, Fpage fpage, bool flush) {
  if (fpage.size_field() != page_bits) return unmap_range(space, fpage, flush);
  const u64 page = fpage.raw >> page_bits;
  if (page >= page_limit) return Rights::none();
  const Slot slot = space.memory.find_page(page);
  if (!slot || !is_users(*slot.leaf)) return Rights::none();
  Aftermath after;
  return accesses(revoke(mapping_at(slot.link()), fpage.rights(), flush, after));
}

std::optional<Rights> unmap_plain(Space& space, Fpage fpage) {
  const u64 page = fpage.raw >> page_bits;
  if (fpage.size_field() != page_bits || page >= page_limit) return std::nullopt;
  const Slot slot = space.memory.find_page(page);
  if (!slot || !is_users(*slot.leaf)) return std::nullopt;
  Mapping* const node = mapping_at(slot.link());
  if (node->next != 0) {
    const Mapping* const derived = mapping_at(node->next);
    const u32 after = derived->depth > node->depth ? derived->next : 0;
    if (after != 0 && mapping_at(after)->depth > node->depth) return std::nullopt;
  }
  Aftermath aftermath;
  return accesses(revoke(node, fpage.rights(), false, aftermath));
}

void unmap_everything(Space& space) {
  {
    Aftermath after;
    const auto end = [&](Slot slot) {
      if (!slot.fixed()) revoke(mapping_at(slot.link()), Rights::all(), true, after);
    };
    space.memory.for_all_present(end);
    space.ports.for_all_present(end);
  }
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
  if (slot.present()) after.page_changed(space, slot.leaf);
  slot.link() = 0;
  slot.enter(entry_for(frame, rights) | entry::fixed);
  return true;
}

void remove_fixed_page(Space& space, Address address) {
  const u64 page = address >> page_bits;
  const Slot slot = page < page_limit ? space.memory.find_page(page) : Slot{};
  if (!slot || !slot.present() || !slot.fixed()) return;
  Aftermath after;
  slot.clear();
  after.page_changed(space, slot.leaf);
}

Progress unmap_step(Space& space, Fpage fpage, bool flush, UnmapProgress&, Rights& accessed, Budget&) {
  accessed = unmap(space, fpage, flush);
  return Progress::done;
}

Progress unmap_everything_step(Space& space, Budget&) {
  unmap_everything(space);
  return Progress::done;
}

MapStep place_fixed_page_step(Space& space, Address address, Phys frame, bool writable, Budget&) {
  return place_fixed_page(space, address, frame, writable) ? MapStep::done : MapStep::no_memory;
}

bool is_device_page(Space& space, Address address) {
  const Slot slot = address < user_end ? space.memory.find_page(address >> page_bits) : Slot{};
  return slot && slot.present() && (*slot.leaf & entry::device) != 0;
}

std::optional<Phys> translate(Space& space, Address address, Rights rights) {
  if (address >= user_end) return std::nullopt;
  const Slot slot = space.memory.find_page(address >> page_bits);
  if (!slot || !slot.present() || (*slot.leaf & entry::device)) return std::nullopt;
  if (!(rights & ~rights_of(*slot.leaf)).empty()) return std::nullopt;
  *slot.leaf |= rights.has(Rights::w) ? access_marks : entry::accessed;
  return slot.frame() + (address & (page_size - 1));
}

}  // namespace mica
