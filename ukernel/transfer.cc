// SPDX-License-Identifier: MIT
// Map and grant.
#include "mapping_tree.h"

namespace mica {

namespace {

constexpr u64 port_bitmap_words = port_limit / 64;
constexpr unsigned largest_level = 2;
constexpr i64 table_cost = 700, look_cost = 260, move_cost = 750, follow_cost = 32;

constexpr u64 pages_at(unsigned level) { return u64{1} << TableNode::index_bits * level; }

// Before the first port of a space: the bitmap, all forbidden.
bool prepare_ports(Space& space) {
  if (space.io_bitmap) return true;
  void* const block = space.pool.take_block();
  if (!block) return false;
  fill_words(block, ~u64{0}, port_bitmap_words);
  space.io_bitmap = static_cast<u8*>(block);
  return true;
}

// --- sigma0's pages ---------------------------------------------------------------

// The level of the page that holds, or would hold, a page of sigma0's.
unsigned identity_level(Space& sigma0, u64 page) {
  unsigned level = largest_level;
  while (level != 0 && (!sigma0.memory.has_room(page, level) || !is_one_block({page << page_bits}, level)))
    --level;
  return level;
}

// The slot of a page that sigma0 has or may have, made present; absent otherwise.
[[gnu::cold, gnu::noinline]] Slot identity(Space& sigma0, u64 page, bool ports, Aftermath& after) {
  PageTable& tree = tree_of(sigma0, ports);
  if (Slot slot = tree.find(page); slot && slot.present()) return slot;
  if (!ports && kernel_owns({page << page_bits})) return {};
  if (ports && !prepare_ports(sigma0)) return {};
  const unsigned level = ports ? 0 : identity_level(sigma0, page);
  const Slot slot = tree.make(page, sigma0.pool, level);
  Mapping* const node = slot ? sigma0.pool.take_mapping() : nullptr;
  if (!node) return {};
  *node = {.space = to_link(&sigma0), .ports = ports};
  const Phys frame{ports ? 0 : (page & ~(pages_at(level) - 1)) << page_bits};
  const u64 kind = (ports || physmap_covers(frame) ? 0 : entry::device) | (level != 0 ? entry::large : 0);
  enter(slot, node, entry_for(frame, Rights::all()) | kind);
  if (ports) after.port_changed(sigma0, slot.leaf, true);
  return slot;
}

// --- Nodes --------------------------------------------------------------------------

// What is derived from `old` follows it to `node`, which is then to take its place:
// the same neighbours, the same depth. `node` may not be there yet; then it is put in
// between, where everything is in order, too, should the grant end there.
Progress hand_over(Mapping* old, Mapping* node, const void* owner, Budget& budget) {
  const u32 link = to_link(node), old_link = to_link(old);
  Mapping* last = bookmarks_in_use != 0 ? take_up(owner, old) : old;
  while (Mapping* const below = following(last)) {
    if (below->depth <= old->depth) break;
    if (budget.used_up()) {
      leave_off(owner, old, last, Mapping::watched | Mapping::leaving);
      return Progress::more;
    }
    budget.spend(follow_cost);
    if (below->parent == old_link) below->parent = link;
    last = below;
  }
  return Progress::done;
}

// --- Moving -------------------------------------------------------------------------

struct Move {
  Space& from;
  Space& to;
  Rights rights;
  bool ports, grant;
  MapTransfer& owner;
  Budget& budget;
  Aftermath& after;
};

// The largest page, up to a level, that can go from `page` to `target` in a tree.
unsigned fitting_level(unsigned level, const PageTable& to, u64 page, u64 target, u64 count) {
  while (level != 0 && (((page | target) & (pages_at(level) - 1)) != 0 || count < pages_at(level) ||
                        !to.has_room(target, level)))
    --level;
  return level;
}

// What a step with one page comes to: try again (there is more to do first), or go on
// behind so many pages.
struct Moved {
  bool again;
  u64 pages;
};
constexpr Moved again{true, 0};

// The granted page's node moves into the space of the receiver.
Moved grant_page(const Move& m, Slot source, Slot slot, u64 value, u64 pages) {
  Mapping* const old = mapping_at(source.link());
  if (!first_derived(old)) {
    Mapping* const node = m.to.pool.take_mapping();
    if (!node) return {false, pages};
    *node = {.next = old->next, .prev = old->prev, .parent = old->parent, .space = to_link(&m.to),
             .depth = old->depth, .ports = old->ports, .status = old->status};
    old->status = 0;
    join(node->prev, to_link(node));
    join(to_link(node), node->next);
    const u8 marks = end_mapping(old, m.after);
    if (node->parent != 0) mapping_at(node->parent)->status |= marks;
    enter(slot, node, value);
    return {false, pages};
  }
  // Others follow: first it comes between the page and the one above.
  const Mapping* const above = mapping_at(old->parent);
  const u32 depth = above->depth + (old->depth - above->depth) / 2;
  if (depth == above->depth) return {false, pages};  // grants that were given up stand there
  Mapping* const node = m.to.pool.take_mapping();
  if (!node) return {false, pages};
  *node = {.next = to_link(old), .prev = old->prev, .parent = old->parent, .space = to_link(&m.to),
           .depth = depth, .ports = old->ports};
  join(node->prev, to_link(node));
  old->prev = old->parent = to_link(node);
  enter(slot, node, value);
  return again;
}

// The granted page stands above the one that is leaving.
Moved finish_grant(const Move& m, Mapping* node, Mapping* old, u64 pages) {
  if (hand_over(old, node, &m.owner, m.budget) == Progress::more) return again;
  node->depth = old->depth;
  node->status |= old->status;
  old->status = 0;
  const u32 next = old->next;
  const u8 marks = end_mapping(old, m.after);
  join(to_link(node), next);
  if (node->parent != 0) mapping_at(node->parent)->status |= marks;
  return {false, pages};
}

// Moves what begins at a page of `source`, which is present.
[[gnu::cold, gnu::noinline]] Moved move_page(const Move& m, Slot source, u64 page, u64 target, u64 count) {
  const u64 rest = source.first_page() + source.pages() - page;
  if (source.fixed() || (rights_of(*source.leaf) & m.rights).empty()) return {false, rest};
  if (m.ports && !prepare_ports(m.to)) return {false, rest};
  PageTable& tree = tree_of(m.to, m.ports);
  Mapping* const from = mapping_at(source.link());
  const unsigned level = fitting_level(source.level(), tree, page, target, count);
  const u64 pages = pages_at(level);
  if (level != source.level() && !m.from.sigma0 && (m.grant || !first_derived(from))) {
    if (end_derived(from, &m.owner, m.budget, m.after) == Progress::more) return again;
    const MapStep step = split(m.from, source, m.budget);
    if (step != MapStep::no_memory) return again;
    if (m.grant) return {false, pages};
  }
  if (tree.missing_tables(target, level) != 0) m.budget.spend(table_cost);
  const Slot slot = tree.make(target, m.to.pool, level);
  if (!slot || slot.leaf == source.leaf) return {false, pages};
  u64 value = without(*source.leaf & ~access_marks, ~m.rights);
  if (level != source.level()) value = part_of(value, level, page - source.first_page());
  if (slot.present()) {
    if (slot.fixed()) return {false, pages};
    if (slot.level() != level) {
      // A part of a large page makes room.
      (void)take_part(m.to, slot, &m.owner, m.budget, m.after);
      return again;
    }
    Mapping* const existing = mapping_at(slot.link());
    const u64 frame_bits = level == 0 ? entry::frame_mask : entry::frame_mask & ~entry::large_attribute;
    const bool same_frame = ((value ^ *slot.leaf) & frame_bits) == 0;
    if (existing->parent == source.link() && same_frame && !m.grant) {
      add_rights(m.to, slot.leaf, value, m.after);
      return {false, pages};
    }
    if (m.grant && from->parent == slot.link() && same_frame && existing->depth % depth_step != 0)
      return finish_grant(m, existing, from, pages);
    if (revoke(existing, &m.owner, m.budget, m.after) == Progress::more) {
      m.owner.clears = 1;
      return again;
    }
    // It may have been derived from what stood in its way.
    return source.present() ? again : Moved{false, pages};
  }
  if (m.grant) {
    const Moved moved = grant_page(m, source, slot, value, pages);
    if (m.ports && slot.present()) m.after.port_changed(m.to, slot.leaf, true);
    return moved;
  }
  if (may_be_closed(from) && is_closed(from)) return {false, pages};
  Mapping* const node = m.to.pool.take_mapping();
  if (!node) return {false, pages};
  derive(node, from, m.to);
  enter(slot, node, value);
  if (m.ports) m.after.port_changed(m.to, slot.leaf, true);
  return {false, pages};
}

}  // namespace

[[gnu::cold, gnu::noinline]] MapRange cut_to_window(Fpage window, const MapItem& item) {
  const Fpage send = item.send;
  if (!send.usable() || !window.usable()) return {};
  if (send.is_io()) {
    if (!window.is_io() && !window.is_complete()) return {};
    const u64 low = send.base(), high = low + (u64{1} << send.order());
    const u64 first = window.base(), last = window.is_io() ? first + (u64{1} << window.order()) : port_limit;
    const u64 start = low > first ? low : first, end = high < last ? high : last;
    return {start, start, start < end ? end - start : 0, true};
  }
  if (window.is_io()) return {};
  const unsigned size = send.order(), room = window.order();
  const auto below = [](unsigned order) { return (u64{1} << order) - 1; };
  u64 source = send.base(), target = window.base(),
      count = u64{1} << ((size < room ? size : room) - page_bits);
  if (size > room) {
    source += item.send_base & below(size) & ~below(room);
  } else {
    target += item.send_base & below(room) & ~below(size);
  }
  source >>= page_bits;
  target >>= page_bits;
  // Only the very last page of the lower half is out of bounds.
  const u64 last = source > target ? source : target;
  if (last + count > page_limit) count = page_limit - last;
  return {source, target, count, false};
}

namespace {

// Counts the tables that a tree lacks for pages told in ascending order.
class TableCount {
 public:
  // `done` pages from `first` on were counted in earlier steps.
  TableCount(const PageTable& tree, u64 first, u64 done) : tree_(tree), last_(done != 0 ? first + done - 1 : none) {}

  u32 add(u64 page, unsigned level) {
    unsigned own = 0;  // tables that the page before did not need
    for (unsigned l = level + 1; l < 4; ++l)
      if (page >> TableNode::index_bits * l != last_ >> TableNode::index_bits * l) ++own;
    last_ = page;
    if (own == 0) return 0;
    const unsigned missing = tree_.missing_tables(page, level);
    return missing < own ? missing : own;
  }

 private:
  static constexpr u64 none = ~u64{0};  // differs at every level

  const PageTable& tree_;
  u64 last_;
};

// What one page takes, at most; returns how many pages it is.
u64 count_page(Space& from, Space& to, const MapRange& range, Slot source, MapTransfer& p, TableCount& giving,
               TableCount& taking) {
  const u64 page = range.source + p.page, target = range.target + p.page;
  const PageTable& tree = tree_of(to, range.ports);
  unsigned level = 0;
  if (source) {
    if (source.fixed()) return 1;
    level = source.level();
  } else {
    level = range.ports ? 0 : identity_level(from, page);
    p.from_tables += giving.add(page, level);
    ++p.from_mappings;
  }
  level = fitting_level(level, tree, page, target, range.count - p.page);
  p.to_tables += taking.add(target, level);
  ++p.to_mappings;
  return pages_at(level);
}

// Pages that not even sigma0 can have, from `page` on.
u64 pages_without(u64 page) {
  const u64 end = physical_end().value >> page_bits;
  return page >= end ? page_limit : 1;
}

bool set_aside(const Pool& from, const Pool& to, MapTransfer& p) {
  u64 pairs = 0;
  if (&from == &to) {
    const u64 tables = p.from_tables + p.to_tables, frames = to.frames_for(tables, p.from_mappings + p.to_mappings);
    if (!to.within_limit(frames)) return false;
    pairs = (frames + 1) / 2;
  } else {
    const u64 giving = from.frames_for(p.from_tables, p.from_mappings),
              taking = to.frames_for(p.to_tables, p.to_mappings);
    if (!from.within_limit(giving) || !to.within_limit(taking)) return false;
    pairs = (giving + 1) / 2 + (taking + 1) / 2;
  }
  if (pairs <= p.promised) return true;
  if (!frame_store.promise(pairs - p.promised)) return false;
  p.promised = pairs & ~u32{0} >> 1;
  return true;
}

}  // namespace

MapStep prepare(Space& from, Space& to, Fpage window, const MapItem& item, MapTransfer& p, Budget& budget) {
  const MapRange range = cut_to_window(window, item);
  const PageTable& source = tree_of(from, range.ports);
  TableCount giving(source, range.source, p.page), taking(tree_of(to, range.ports), range.target, p.page);
  while (p.page < range.count) {
    if (budget.used_up()) return MapStep::more;
    budget.spend(look_cost);
    const u64 page = range.source + p.page;
    Slot slot;
    if (!from.sigma0) {
      slot = source.next_leaf(page, range.source + range.count);
      if (!slot) break;
      if (slot.first_page() > page) p.page = slot.first_page() - range.source;
    } else {
      slot = source.find(page);
      if (slot && !slot.present()) slot = {};
      if (!slot && !range.ports && kernel_owns({page << page_bits})) {
        p.page += pages_without(page);
        continue;
      }
    }
    p.page += count_page(from, to, range, slot, p, giving, taking);
    if (p.to_mappings / 128 > frame_store.free_frames()) return MapStep::no_memory;
  }
  if (range.ports && range.count != 0) {
    p.to_tables += !to.io_bitmap;
    p.from_tables += from.sigma0 && !from.io_bitmap;
  }
  p.page = 0;
  // Inside one space, what earlier items have brought may be moved on.
  if (&from == &to) {
    const u32 earlier = p.earlier;
    p.to_mappings += earlier;
    p.to_tables += 3 * earlier;
    p.earlier = p.to_mappings;
  }
  return set_aside(from.pool, to.pool, p) ? MapStep::done : MapStep::no_memory;
}

namespace {

MapStep move_range(const Move& m, const MapRange& range, MapTransfer& p) {
  const PageTable& source = tree_of(m.from, range.ports);
  while (p.page < range.count) {
    if (m.budget.used_up()) return MapStep::more;
    m.budget.spend(move_cost);
    if (p.clears != 0) {
      // The source may have gone with it; it goes all the same.
      const Slot there = tree_of(m.to, range.ports).find(range.target + p.page);
      if (there && there.present() && !there.fixed() &&
          revoke(mapping_at(there.link()), &p, m.budget, m.after) == Progress::more)
        return MapStep::more;
      p.clears = 0;
    }
    const u64 page = range.source + p.page;
    Slot slot;
    if (m.from.sigma0) {
      slot = identity(m.from, page, range.ports, m.after);
      if (!slot) {
        p.page += range.ports ? 1 : pages_without(page);
        continue;
      }
    } else {
      slot = source.next_leaf(page, range.source + range.count);
      if (!slot) break;
      if (slot.first_page() > page) p.page = slot.first_page() - range.source;
    }
    const Moved moved =
        move_page(m, slot, range.source + p.page, range.target + p.page, range.count - p.page);
    if (!moved.again) p.page += moved.pages;
  }
  p.page = 0;
  return MapStep::done;
}

}  // namespace

MapStep carry_out(Space& from, Space& to, Fpage window, const MapItem& item, MapTransfer& p, Budget& budget) {
  if (p.page == 0 && transfer_plain(from, to, window, item)) {
    budget.spend(look_cost);
    return MapStep::done;
  }
  const MapRange range = cut_to_window(window, item);
  const Rights given = item.send.rights();
  if (range.count == 0 || given.empty()) return MapStep::done;
  frame_store.release(p.promised);
  const u64 pairs = frame_store.free_pairs();
  MapStep step;
  {
    Aftermath after;
    step = move_range({from, to, range.ports ? Rights::all() : given, range.ports, item.grant && !from.sigma0,
                       p, budget, after},
                      range, p);
  }
  const u64 left = frame_store.free_pairs(), used = pairs > left ? pairs - left : 0;
  p.promised = used < p.promised ? (p.promised - used) & ~u32{0} >> 1 : 0;
  frame_store.renew(p.promised);
  return step;
}

void finish(MapTransfer& p) {
  frame_store.release(p.promised);
  if (bookmarks_in_use != 0) drop_bookmark(&p);
  p = {};
}

[[gnu::cold, gnu::noinline]] bool map_identity(Space& sigma0, Address address) {
  Aftermath after;
  const u64 page = address >> page_bits;
  // What is there already lacks a right that sigma0 has given up.
  if (const Slot slot = sigma0.memory.find(page); slot && slot.present()) return false;
  return address < user_end && identity(sigma0, page, false, after);
}

[[gnu::cold, gnu::noinline]] bool map_identity_port(Space& sigma0, u64 port) {
  Aftermath after;
  return port < port_limit && identity(sigma0, port, true, after);
}

}  // namespace mica
