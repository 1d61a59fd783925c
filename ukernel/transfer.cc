// SPDX-License-Identifier: MIT
// Map and grant.
#include "mapping_tree.h"

namespace mica {

namespace {

constexpr u64 most_tables = 3;  // for one page; for one port two tables and the bitmap
constexpr unsigned page_number_bits = Fpage::address_bits - page_bits;
constexpr u64 port_bitmap_words = port_limit / 64;

// Before the first port of a space: the bitmap, all forbidden.
bool prepare_ports(Space& space) {
  if (space.io_bitmap) return true;
  void* const block = space.pool.take_block();
  if (!block) return false;
  fill_words(block, ~u64{0}, port_bitmap_words);
  space.io_bitmap = static_cast<u8*>(block);
  return true;
}

// Enters a mapping whose place in the tree is set.
void enter(Slot slot, Mapping* node, u64 value) {
  node->leaf = slot.leaf;
  slot.link() = to_link(node);
  slot.enter(value);
}

// The slot of a page that sigma0 has or may have, made present; absent otherwise.
[[gnu::cold, gnu::noinline]] Slot identity(Space& sigma0, u64 page, bool ports, Aftermath& after) {
  PageTable& tree = tree_of(sigma0, ports);
  if (Slot slot = tree.find(page); slot && slot.present()) return slot;
  const Phys frame{ports ? 0 : page << page_bits};
  if (!ports && kernel_owns(frame)) return {};
  if (ports && !prepare_ports(sigma0)) return {};
  const Slot slot = tree.make(page, sigma0.pool);
  Mapping* const node = slot ? sigma0.pool.take_mapping() : nullptr;
  if (!node) return {};
  *node = {.space = to_link(&sigma0), .ports = ports};
  const u64 kind = ports || physmap_covers(frame) ? 0 : entry::device;
  enter(slot, node, entry_for(frame, Rights::all()) | kind);
  if (ports) after.port_changed(sigma0, slot.leaf, true);
  return slot;
}

// Makes `node` a mapping of `space` that is derived from `parent`.
inline void derive(Mapping* node, Mapping* parent, Space& space) {
  const u32 link = to_link(node), parent_link = to_link(parent), next = parent->next;
  *node = {.next = next,
           .prev = parent_link,
           .parent = parent_link,
           .space = to_link(&space),
           .depth = parent->depth + 1,
           .ports = parent->ports};
  parent->next = link;
  if (next != 0) mapping_at(next)->prev = link;
}

// Puts `node` into the place of `old`: same neighbours, same children.
void take_place(Mapping* node, Mapping* old) {
  const u32 link = to_link(node), old_link = to_link(old);
  for (u32 next = old->next; next != 0; next = mapping_at(next)->next) {
    Mapping* const below = mapping_at(next);
    if (below->depth <= old->depth) break;
    if (below->parent == old_link) below->parent = link;
  }
  join(old->prev, link);
  join(link, old->next);
}

struct Move {
  Space& from;
  Space& to;
  Rights rights;
  bool ports, grant;
};

// Moves one page whose source slot is present.
[[gnu::cold, gnu::noinline]] void move_page(const Move& move, Slot source, u64 target, Aftermath& after) {
  if (source.fixed()) return;
  const Rights rights = rights_of(*source.leaf) & move.rights;
  if (rights.empty()) return;
  if (move.ports && !prepare_ports(move.to)) return;
  const Slot slot = tree_of(move.to, move.ports).make(target, move.to.pool);
  if (!slot || slot.leaf == source.leaf) return;
  Mapping* const from = mapping_at(source.link());
  const u64 value = without(*source.leaf & ~access_marks, ~move.rights);
  if (slot.present()) {
    if (slot.fixed()) return;
    Mapping* const existing = mapping_at(slot.link());
    if (existing->parent == source.link() && !move.grant) {
      const u64 old = *slot.leaf;
      *slot.leaf = (old | (value & entry::writable)) & (value | ~entry::no_execute);
      if (*slot.leaf != old) after.page_changed(move.to, slot.leaf);
      return;
    }
    revoke(existing, Rights::all(), true, after);
    if (!source.present()) return;  // it was derived from what stood in its way
  }
  Mapping* const node = move.to.pool.take_mapping();
  if (!node) return;
  if (move.grant) {
    *node = {.parent = from->parent,
             .space = to_link(&move.to),
             .depth = from->depth,
             .ports = from->ports,
             .status = from->status};
    from->status = 0;
    take_place(node, from);
    const u8 marks = end_mapping(from, after);
    if (node->parent != 0) mapping_at(node->parent)->status |= marks;
  } else {
    derive(node, from, move.to);
  }
  enter(slot, node, value);
  if (move.ports) after.port_changed(move.to, slot.leaf, true);
}

// Counts the tables that a tree lacks for pages told in ascending order.
class TableCount {
 public:
  explicit TableCount(const PageTable& tree) : tree_(tree) {}

  [[gnu::cold]] void add(u64 page) {
    constexpr unsigned index_bits = TableNode::index_bits;
    unsigned own = 0;  // tables that the page before did not need
    for (u64 now = page >> index_bits, before = last_ >> index_bits; now != before && own < 4; ++own) {
      now >>= index_bits;
      before >>= index_bits;
    }
    if (own != 0) {
      const unsigned missing = tree_.missing_tables(page);
      tables_ += missing < own ? missing : own;
    }
    last_ = page;
  }
  void add_range(u64 page, u64 count) {
    const u64 end = page + count, enough = frame_store.free_frames() + 1;  // more cannot be had
    for (; page < end && tables_ < enough;
         page = (page / TableNode::entry_count + 1) * TableNode::entry_count) {
      add(page);
    }
  }
  u64 tables() const { return tables_; }

 private:
  const PageTable& tree_;
  u64 tables_ = 0;
  u64 last_ = ~u64{0};  // none: differs at every level
};

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

[[gnu::cold, gnu::noinline]] void count_exactly(Space& from, Space& to, Fpage window, const MapItem& item,
                                                MapNeeds& needs) {
  const MapRange range = cut_to_window(window, item);
  if (range.count == 0) return;
  TableCount taking(tree_of(to, range.ports)), giving(tree_of(from, range.ports));
  const PageTable& source = tree_of(from, range.ports);
  u64 mappings = 0;
  if (from.sigma0) {
    u64 present = 0;
    source.for_each_present(range.source, range.source + range.count, [&](u64, Slot) { ++present; });
    mappings = range.count;
    taking.add_range(range.target, range.count);
    giving.add_range(range.source, range.count);
    needs.from_mappings += mappings - present;
    needs.from_tables += giving.tables() + (range.ports && !from.io_bitmap);
  } else {
    source.for_each_present(range.source, range.source + range.count, [&](u64 page, Slot slot) {
      if (slot.fixed()) return;
      ++mappings;
      taking.add(page - range.source + range.target);
    });
  }
  u64 tables = taking.tables();
  // Inside one space, what earlier items have brought may be moved on.
  if (&from == &to && needs.to_mappings != 0) {
    mappings += needs.to_mappings;
    tables += needs.to_mappings * most_tables;
  }
  if (mappings != 0 && range.ports && !to.io_bitmap) ++tables;
  needs.to_mappings += mappings;
  needs.to_tables += tables;
}

[[gnu::cold, gnu::noinline]] bool reserve_exactly(const Pool& from, const Pool& to, const MapNeeds& needs) {
  const u64 tables = needs.single_pages * most_tables;
  const u64 from_tables = needs.from_tables + tables,
            from_mappings = needs.from_mappings + needs.single_pages;
  const u64 to_tables = needs.to_tables + tables, to_mappings = needs.to_mappings + needs.single_pages;
  if (&from == &to) return to.reserve(from_tables + to_tables, from_mappings + to_mappings);
  const Pool::Draw one = from.draw_for(from_tables, from_mappings);
  const Pool::Draw two = to.draw_for(to_tables, to_mappings);
  return from.within_limit(one) && to.within_limit(two) &&
         frame_store.can_supply(one.pairs + two.pairs, one.singles + two.singles);
}

}  // namespace

void count_needs(Space& from, Space& to, Fpage window, const MapItem& item, MapNeeds& needs) {
  // Where there is plenty, nobody needs to know what a single page takes.
  if (item.send.size_field() == page_bits && needs.single_pages < Pool::plenty_frames / 16 &&
      from.pool.has_plenty() && to.pool.has_plenty()) {
    ++needs.single_pages;
    return;
  }
  count_exactly(from, to, window, item, needs);
}

bool reserve(Space& from, Space& to, const MapNeeds& needs) {
  if ((needs.from_tables | needs.from_mappings | needs.to_tables | needs.to_mappings) == 0) return true;
  return reserve_exactly(from.pool, to.pool, needs);
}

namespace {

[[gnu::cold, gnu::noinline]] void transfer_range(Space& from, Space& to, Fpage window, const MapItem& item) {
  const MapRange range = cut_to_window(window, item);
  const Rights given = item.send.rights();
  if (range.count == 0 || given.empty()) return;
  const Move move{from, to, range.ports ? Rights::all() : given, range.ports, item.grant && !from.sigma0};
  Aftermath after;
  const PageTable& source = tree_of(from, range.ports);
  if (from.sigma0) {
    for (u64 i = 0; i < range.count; ++i) {
      const Slot slot = identity(from, range.source + i, range.ports, after);
      if (slot) move_page(move, slot, range.target + i, after);
    }
  } else if (range.count == 1) {
    const Slot slot = source.find(range.source);
    if (slot && slot.present()) move_page(move, slot, range.target, after);
  } else {
    source.for_each_present(range.source, range.source + range.count, [&](u64 page, Slot slot) {
      move_page(move, slot, page - range.source + range.target, after);
    });
  }
}

}  // namespace

bool transfer_plain(Space& from, Space& to, Fpage window, const MapItem& item) {
  if (item.send.size_field() != page_bits || item.grant) return false;
  const u64 source = item.send.raw >> page_bits;
  u64 target = bits(item.send_base, page_bits, page_number_bits);
  if (!window.is_complete()) {
    const u64 room = window.size_field() - page_bits;
    if (room > page_number_bits) return false;
    const u64 inside = (u64{1} << room) - 1;
    target = (target & inside) | (window.raw >> page_bits & ~inside);
  }
  if (source >= page_limit || target >= page_limit) return false;
  const Slot old = from.memory.find_page(source);
  if (!old || !is_users(*old.leaf)) return false;
  const Slot slot = to.memory.find_page(target);
  if (!slot || slot.present()) return false;
  const Rights given = item.send.rights();
  if (!given.has(Rights::r)) return false;
  Mapping* const node = to.pool.take_used_mapping();
  if (!node) return false;
  derive(node, mapping_at(old.link()), to);
  enter(slot, node, without(*old.leaf & ~access_marks, ~given));
  return true;
}

void transfer(Space& from, Space& to, Fpage window, const MapItem& item) {
  if (!transfer_plain(from, to, window, item)) transfer_range(from, to, window, item);
}

MapStep prepare(Space& from, Space& to, Fpage window, const MapItem& item, MapTransfer&, Budget&) {
  MapNeeds needs;
  count_needs(from, to, window, item, needs);
  return reserve(from, to, needs) ? MapStep::done : MapStep::no_memory;
}

MapStep carry_out(Space& from, Space& to, Fpage window, const MapItem& item, MapTransfer&, Budget&) {
  transfer(from, to, window, item);
  return MapStep::done;
}

void finish(Space&, Space&, MapTransfer&) {}

[[gnu::cold, gnu::noinline]] bool map_identity(Space& sigma0, Address address) {
  Aftermath after;
  return address < user_end && identity(sigma0, address >> page_bits, false, after);
}

[[gnu::cold, gnu::noinline]] bool map_identity_port(Space& sigma0, u64 port) {
  Aftermath after;
  return port < port_limit && identity(sigma0, port, true, after);
}

}  // namespace mica
