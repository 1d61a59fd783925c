// SPDX-License-Identifier: MIT
#include "mapping_tree.h"

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

// Takes rights from a mapping that keeps some.
void reduce_mapping(Mapping* node, Rights taken, Accesses& seen, Aftermath& after) {
  const u64 value = *node->leaf;
  const u64 reduced = without(value, taken) & ~access_marks;
  if (reduced != value) {
    *node->leaf = reduced;
    after.page_changed(*from_link<Space>(node->space), node->leaf);
  }
  seen.marks |= value;
  seen.kept |= node->status;
  node->status = 0;
}

bool is_ended_by(const Mapping* node, Rights taken) {
  return node->ports != 0 ? !taken.empty() : (rights_of(*node->leaf) & ~taken).empty();
}

// Ends all that is derived from a node of `depth`, beginning with `next`; returns
// what follows.
u32 end_derived(u32 next, u32 depth, Accesses& seen, Aftermath& after) {
  while (next != 0) {
    Mapping* const node = mapping_at(next);
    if (node->depth <= depth) break;
    next = node->next;
    end_mapping(node, seen, after);
  }
  return next;
}

// Takes some rights, and ends what has none left. A mapping ends with the one it
// is derived from, whatever rights it has.
void reduce_derived(Mapping* top, Rights taken, Accesses& seen, Aftermath& after) {
  Mapping* kept = top;
  u32 next = top->next;
  while (next != 0) {
    Mapping* const node = mapping_at(next);
    const u32 depth = node->depth;
    if (depth <= top->depth) break;
    if (is_ended_by(node, taken)) {
      const u32 first = node->next;
      end_mapping(node, seen, after);
      next = end_derived(first, depth, seen, after);
      join(kept, next);
    } else {
      reduce_mapping(node, taken, seen, after);
      kept = node;
      next = node->next;
    }
  }
}

}  // namespace

Rights revoke(Mapping* top, Rights taken, bool self, Aftermath& after) {
  Mapping* const parent = mapping_or_null(top->parent);
  Accesses seen;
  if (self && is_ended_by(top, taken)) {
    Mapping* const before = mapping_or_null(top->prev);
    const u32 first = top->next, depth = top->depth;
    end_mapping(top, seen, after);
    join(before, end_derived(first, depth, seen, after));
  } else {
    if (self) {
      reduce_mapping(top, taken, seen, after);
    } else {
      seen.kept = top->status;
      top->status = 0;
    }
    if (top->next != 0) {
      if (taken == Rights::all()) {
        join(top, end_derived(top->next, top->depth, seen, after));
      } else {
        reduce_derived(top, taken, seen, after);
      }
    }
  }
  const Rights rights{seen.rights()};
  if (parent) parent->status |= rights.raw;
  return rights;
}

// --- Unmap -----------------------------------------------------------------------

namespace {

[[gnu::cold, gnu::noinline]] Rights unmap_range(Space& space, Fpage fpage, bool flush) {
  if (!fpage.usable()) return Rights::none();
  const bool ports = fpage.is_io();
  const u64 first = ports ? fpage.base() : fpage.base() >> page_bits;
  const u64 end = first + (u64{1} << (ports ? fpage.order() : fpage.order() - page_bits));
  const u64 limit = ports ? port_limit : page_limit;
  Accesses seen;
  Aftermath after;
  tree_of(space, ports).for_each_present(first, end < limit ? end : limit, [&](u64, Slot slot) {
    if (!slot.fixed()) seen.kept |= revoke(mapping_at(slot.link()), fpage.rights(), flush, after).raw;
  });
  return {seen.kept};
}

}  // namespace

Rights unmap(Space& space, Fpage fpage, bool flush) {
  if (fpage.size_field() != page_bits) return unmap_range(space, fpage, flush);
  const u64 page = fpage.raw >> page_bits;
  if (page >= page_limit) return Rights::none();
  const Slot slot = space.memory.find_page(page);
  if (!slot || !is_users(*slot.leaf)) return Rights::none();
  Aftermath after;
  return revoke(mapping_at(slot.link()), fpage.rights(), flush, after);
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

std::optional<Phys> translate(Space& space, Address address, Rights rights) {
  if (address >= user_end) return std::nullopt;
  const Slot slot = space.memory.find_page(address >> page_bits);
  if (!slot || !slot.present() || (*slot.leaf & entry::device)) return std::nullopt;
  if (!(rights & ~rights_of(*slot.leaf)).empty()) return std::nullopt;
  *slot.leaf |= rights.has(Rights::w) ? access_marks : entry::accessed;
  return slot.frame() + (address & (page_size - 1));
}

}  // namespace mica
