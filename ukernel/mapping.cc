// SPDX-License-Identifier: MIT
#include "mapping_tree.h"

#include "assertion.h"
#include "bookmark.h"

namespace mica {

void Aftermath::forget(const u64* leaf) {
  if (++pages_ > max_single_pages) return;
  invalidate_page(Slot{const_cast<u64*>(leaf)}.first_page() << page_bits);
}

void Aftermath::port_changed(Space& space, const u64* leaf, bool allowed) {
  if (ports_of_ != &space) {
    if (ports_of_) ports_changed(*ports_of_);
    ports_of_ = &space;
  }
  const u64 port = Slot{const_cast<u64*>(leaf)}.first_page();
  u8& byte = space.io_bitmap[port / 8];
  const u8 bit = static_cast<u8>(1u << port % 8);
  byte = allowed ? byte & static_cast<u8>(~bit) : byte | bit;
}

namespace {

constexpr i64 end_cost = 80, visit_cost = 230, change_cost = 100, descent_cost = 12;

}  // namespace

[[gnu::cold, gnu::noinline]] bool is_closed(const Mapping* node) {
  if ((node->flags & Mapping::leaving) != 0 || node->depth >= max_generations * depth_step) return true;
  for (;;) {
    if ((node->flags & Mapping::closing) != 0) return true;
    if (node->parent == 0) return false;
    node = mapping_at(node->parent);
  }
}

[[gnu::noinline]] u8 end_mapping(Mapping* node, Aftermath& after) { return end_mapping_at_once(node, after); }

// --- Ending mappings ---------------------------------------------------------------

// Goes down to the first leaf of the tree below `top`, ends it and those beside it, and
// looks again from the node above.
Progress end_derived(Mapping* top, const void* owner, Budget& budget, Aftermath& after) {
  if (bookmarks_in_use != 0) drop_bookmark(owner);
  Mapping* at = top;
  for (bool ended = false;;) {
    Mapping* below = at;
    do {
      at = below;
      budget.spend(descent_cost);
      const u32 next = at->next;
      below = next != 0 ? mapping_at(next) : at;
    } while (below->depth > at->depth && !below->is_bookmark());
    // Only where somebody has left a bookmark the node behind it has to be looked for.
    below = below->is_bookmark() ? first_derived(at) : nullptr;
    if (below) {
      at = below;
      continue;
    }
    if (at == top) return Progress::done;
    // Going down may have taken it all, but each step has to end something.
    if (ended && budget.used_up()) {
      // Closed meanwhile, or those below could make new ones faster than they go.
      leave_off(owner, top, top, Mapping::watched | Mapping::closing);
      return Progress::more;
    }
    ended = true;
    const u32 before = at->prev, depth = at->depth;
    Mapping* const parent = mapping_at(at->parent);
    u8 marks = 0;
    u32 next = 0;
    for (;;) {
      next = at->next;
      marks |= end_mapping_at_once(at, after);
      budget.spend(end_cost);
      if (next == 0 || budget.used_up()) break;
      at = mapping_at(next);
      // (A bookmark is deeper than anything.)
      if (at->depth != depth || (at->next != 0 && mapping_at(at->next)->depth > depth)) break;
    }
    join(before, next);
    parent->status |= marks;
    at = mapping_at(before);
    while (at->is_bookmark()) at = mapping_at(at->prev);
  }
}

Progress end_all(Mapping* top, const void* owner, Budget& budget, Aftermath& after, u8& marks) {
  if (end_derived(top, owner, budget, after) == Progress::more) return Progress::more;
  budget.spend(end_cost);
  const u32 before = top->prev, next = top->next;
  marks |= end_mapping(top, after);
  join(before, next);
  return Progress::done;
}

Progress revoke(Mapping* top, const void* owner, Budget& budget, Aftermath& after) {
  const u32 parent = top->parent;
  u8 marks = 0;
  if (end_all(top, owner, budget, after, marks) == Progress::more) return Progress::more;
  if (parent != 0) mapping_at(parent)->status |= marks;
  return Progress::done;
}

// --- Unmap -----------------------------------------------------------------------

namespace {

bool is_ended_by(const Mapping* node, Rights taken) {
  return node->ports != 0 ? !taken.empty() : (rights_of(*node->leaf) & ~taken).empty();
}

u64 with_attribute(const Mapping* node, u64 value, u64 attribute) {
  value &= ~(entry::write_through | entry::cache_disable);
  const u64 third = Slot{node->leaf}.level() == 0 ? entry::attribute : entry::large_attribute;
  value &= ~third;
  if ((attribute & entry::attribute) != 0) value |= third;
  return value | (attribute & (entry::write_through | entry::cache_disable));
}

// Changes a mapping that stays; returns the marks it had.
[[gnu::noinline]] u8 change_mapping(Mapping* node, const MapChange& change, Aftermath& after) {
  const u64 value = *node->leaf;
  u64 changed = without(value, change.taken) & ~access_marks;
  if (change.sets_attribute) changed = with_attribute(node, changed, change.attribute);
  if (changed != value) {
    *node->leaf = changed;
    after.page_changed(*from_link<Space>(node->space), node->leaf);
  }
  const u8 marks = static_cast<u8>((value & access_marks) | node->status);
  node->status = 0;
  return marks;
}

// A second bookmark of the same operation.
const void* inner_owner(const UnmapProgress& p) { return reinterpret_cast<const char*>(&p) + 1; }

// The frames that a flexpage covers of a large page.
struct Part {
  u64 low = 0, high = ~u64{0};
  bool touches(const Mapping* node) const {
    const Slot slot{node->leaf};
    const u64 frame = slot.frame().value;
    return frame < high && frame + (slot.pages() << page_bits) > low;
  }
};

// Changes all that is derived from `top`, as far as it touches the part, and ends what
// has no right left. A mapping ends with the one it is derived from, whatever rights it
// has.
Progress change_derived(Mapping* top, const MapChange& change, const Part* part, UnmapProgress& p, Budget& budget,
                        Aftermath& after) {
  Mapping* kept = bookmarks_in_use != 0 ? take_up(&p, top) : top;
  for (;;) {
    Mapping* const node = following(kept);
    if (!node || node->depth <= top->depth) return Progress::done;
    bool interrupted = budget.used_up();
    if (!interrupted) {
      if (part && !part->touches(node)) {
        budget.spend(change_cost);
        kept = node;
      } else if (is_ended_by(node, change.taken)) {
        interrupted = end_all(node, inner_owner(p), budget, after, p.marks) == Progress::more;
      } else {
        budget.spend(change_cost);
        p.marks |= change_mapping(node, change, after);
        kept = node;
      }
    }
    if (!interrupted) continue;
    leave_off(&p, top, kept);
    return Progress::more;
  }
}

// The same for a mapping, itself included with `flush`; the marks go to `p`.
Progress change_tree(Mapping* top, const MapChange& change, const Part* part, UnmapProgress& p, Budget& budget,
                     Aftermath& after) {
  MICA_ASSERT(*top->leaf & entry::present && (top->parent != 0) == (top->depth != 0));
  if (change.flush && (change.taken == Rights::all() || is_ended_by(top, change.taken)))
    return end_all(top, &p, budget, after, p.marks);
  if (change.taken == Rights::all() && !part) {
    if (end_derived(top, &p, budget, after) == Progress::more) return Progress::more;
  } else if (change_derived(top, change, part, p, budget, after) == Progress::more) {
    return Progress::more;
  }
  budget.spend(change_cost);
  u8 marks = top->status;
  if (!part) top->status = 0;  // of other parts, too
  if (change.flush) marks |= change_mapping(top, change, after);
  p.marks |= marks;
  return Progress::done;
}

}  // namespace

Progress take_part(Space& space, Slot slot, const void* owner, Budget& budget, Aftermath& after) {
  Mapping* const node = mapping_at(slot.link());
  if (end_derived(node, owner, budget, after) == Progress::more) return Progress::more;
  switch (split(space, slot, budget)) {
    case MapStep::more:
      return Progress::more;
    case MapStep::done:
      break;
    case MapStep::no_memory:  // its holder loses more than he wanted
      return revoke(node, owner, budget, after);
  }
  return Progress::done;
}

Progress unmap_step(Space& space, Fpage fpage, const MapChange& change, UnmapProgress& p, Rights& accessed,
                    Budget& budget) {
  accessed = Rights::none();
  if (!fpage.usable()) return Progress::done;
  const bool ports = fpage.is_io();
  const u64 first = ports ? fpage.base() : fpage.base() >> page_bits;
  const u64 limit = ports ? port_limit : page_limit,
            wanted_end = first + (u64{1} << (ports ? fpage.order() : fpage.order() - page_bits)),
            end = wanted_end < limit ? wanted_end : limit;
  const bool splits = change.flush && !space.sigma0 && (!change.taken.empty() || change.sets_attribute);
  if (p.page < first) p.page = first;
  Aftermath after;
  Progress progress = Progress::more;
  bool again = true;
  while (again) {
    again = false;
    progress = tree_of(space, ports).visit_leaves(p.page, end, budget, [&](Slot slot) {
      budget.spend(visit_cost);
      if (slot.fixed()) return true;
      const u64 at = slot.first_page();
      Part part;
      MapChange now = change;
      const bool is_part = at < first || at + slot.pages() > end;
      if (is_part) [[unlikely]] {
        if (splits) {
          // Visited once more: there are small pages now, or none.
          again = take_part(space, slot, &p, budget, after) == Progress::done;
          return false;
        }
        if (!change.taken.empty() || change.sets_attribute) now.flush = false;  // sigma0's stays whole
        const u64 base = slot.frame().value - (at << page_bits);
        part = {base + (first << page_bits), base + (end << page_bits)};
      }
      const u8 before = p.marks;
      p.marks = 0;
      Mapping* const top = mapping_at(slot.link());
      const u32 parent = top->parent;
      const Progress step = change_tree(top, now, is_part ? &part : nullptr, p, budget, after);
      if (p.marks != 0 && parent != 0) mapping_at(parent)->status |= p.marks;
      p.marks |= before;
      return step == Progress::done;
    });
  }
  if (progress == Progress::done) accessed = accesses(p.marks);
  return progress;
}

void abandon(UnmapProgress& p) {
  if (bookmarks_in_use != 0) {
    drop_bookmark(&p);
    drop_bookmark(inner_owner(p));
  }
  p = {};
}

std::optional<Rights> unmap_plain(Space& space, Fpage fpage) {
  const u64 page = fpage.raw >> page_bits;
  if (fpage.size_field() != page_bits || page >= page_limit) return std::nullopt;
  const Slot slot = space.memory.find_page(page);
  if (!slot || !is_users(*slot.leaf)) return std::nullopt;
  Mapping* const top = mapping_at(slot.link());
  const MapChange change{.taken = fpage.rights()};
  Aftermath after;
  u8 marks = top->status;
  if (top->next != 0) {
    Mapping* const node = mapping_at(top->next);
    if (node->depth > top->depth) {
      const u32 next = node->next;
      if (next != 0 && mapping_at(next)->depth > top->depth) return std::nullopt;
      if (change.taken == Rights::all() || is_ended_by(node, change.taken)) {
        marks |= end_mapping_at_once(node, after);
        join(to_link(top), next);
      } else {
        marks |= change_mapping(node, change, after);
      }
    }
  }
  top->status = 0;
  if (marks != 0 && top->parent != 0) mapping_at(top->parent)->status |= marks;
  return accesses(marks);
}

// --- The kernel's own use ----------------------------------------------------------

Progress release_mappings(Space& space, Budget& budget) {
  {
    Aftermath after;
    const auto end = [&](Slot slot) {
      budget.spend(visit_cost);
      return revoke(mapping_at(slot.link()), &space, budget, after);
    };
    abandon_split(space);
    if (space.memory.free_tables(space.pool, budget, end) == Progress::more) return Progress::more;
    if (space.ports.free_tables(space.pool, budget, end) == Progress::more) return Progress::more;
  }
  if (space.io_bitmap) {
    u8* const bitmap = space.io_bitmap;
    space.io_bitmap = nullptr;
    ports_changed(space);
    space.pool.give_block(bitmap);
  }
  return space.pool.drain(budget);
}

MapStep place_fixed_page(Space& space, Address address, Phys frame, bool writable, Budget& budget) {
  const u64 page = address >> page_bits;
  if (page >= page_limit) return MapStep::no_memory;
  Aftermath after;
  Slot slot = space.memory.make(page, space.pool);
  if (!slot) return MapStep::no_memory;
  while (slot.level() != 0) {
    if (take_part(space, slot, &space, budget, after) == Progress::more) return MapStep::more;
    slot = space.memory.make(page, space.pool);
    if (!slot) return MapStep::no_memory;
  }
  if (slot.present() && !slot.fixed() &&
      revoke(mapping_at(slot.link()), &space, budget, after) == Progress::more)
    return MapStep::more;
  const Rights rights{static_cast<u8>(writable ? Rights::r | Rights::w : Rights::r)};
  if (slot.present()) after.page_changed(space, slot.leaf);
  slot.link() = 0;
  slot.enter(entry_for(frame, rights) | entry::fixed);
  return MapStep::done;
}

std::optional<Phys> remove_fixed_page(Space& space, Address address) {
  const u64 page = address >> page_bits;
  const Slot slot = page < page_limit ? space.memory.find_page(page) : Slot{};
  if (!slot || !slot.present() || !slot.fixed()) return std::nullopt;
  const Phys frame = slot.frame();
  Aftermath after;
  slot.clear();
  after.page_changed(space, slot.leaf);
  return frame;
}

bool is_device_page(Space& space, Address address) {
  const Slot slot = address < user_end ? space.memory.find(address >> page_bits) : Slot{};
  return slot && slot.present() && (*slot.leaf & entry::device) != 0;
}

std::optional<Phys> translate(Space& space, Address address, Rights rights) {
  if (address >= user_end) return std::nullopt;
  const u64 page = address >> page_bits;
  const Slot slot = space.memory.find(page);
  if (!slot || !slot.present() || (*slot.leaf & entry::device)) return std::nullopt;
  if (!(rights & ~rights_of(*slot.leaf)).empty()) return std::nullopt;
  *slot.leaf |= rights.has(Rights::w) ? access_marks : entry::accessed;
  return slot.frame_of(page) + (address & (page_size - 1));
}

}  // namespace mica
