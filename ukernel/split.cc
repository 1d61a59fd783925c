// SPDX-License-Identifier: MIT
// Splitting a large page. The table that takes its place is made ready beside it, as
// many entries at a time as the budget allows; the last step puts it in. How far it is
// stands in the space, and whoever wants the same page split goes on there.
#include "assertion.h"
#include "mapping_tree.h"

namespace mica {

namespace {

constexpr i64 entry_cost = 80;  // and its part of a page of nodes

void give_back(Space& space) {
  Split& s = space.split;
  for (u64 i = 0; i < s.count; ++i) {
    space.pool.give_mapping(mapping_at(s.table->links[i]));
    s.table->entries[i] = 0;
  }
  s.table->head = {};
  space.pool.give_clean_table(s.table);
  s = {};
}

// Fills in the next entry and its node; false: out of memory.
bool add_entry(Space& space, u8 status) {
  Split& s = space.split;
  Mapping* const node = space.pool.take_mapping();
  if (!node) return false;
  const u64 i = s.count++;
  const u32 link = to_link(node), before = i != 0 ? s.table->links[i - 1] : 0;
  u64* const leaf = &s.table->entries[i];
  *node = {.prev = before, .parent = s.parent, .space = to_link(&space), .depth = s.depth,
           .status = status, .leaf = leaf};
  if (before != 0) mapping_at(before)->next = link;
  s.table->links[i] = link;
  // What the CPU will still mark in the large entry is not known yet.
  const u64 marks = access_marks & ((s.value & entry::writable) != 0 ? ~u64{0} : ~entry::dirty);
  *leaf = part_of(s.value, static_cast<unsigned>(s.table->head.level), i << s.table->shift()) | marks;
  return true;
}

}  // namespace

u64 part_of(u64 large, unsigned level, u64 offset) {
  const u64 bytes = offset << page_bits;
  if (level != 0) return large + bytes;
  const u64 attribute = (large & entry::large_attribute) != 0 ? entry::attribute : 0;
  return ((large & ~(entry::large | entry::large_attribute)) + bytes) | attribute;
}

[[gnu::cold]] MapStep split(Space& space, Slot slot, Budget& budget) {
  Split& s = space.split;
  Mapping* const old = mapping_at(slot.link());
  MICA_ASSERT(slot.level() != 0 && !first_derived(old));
  const u64 value = *slot.leaf & ~access_marks;
  // Another page, or what was made ready no longer fits.
  if (s.table && (s.leaf != slot.leaf || s.value != value || s.parent != old->parent || s.depth != old->depth))
    give_back(space);
  if (!s.table) {
    s.table = static_cast<TableNode*>(space.pool.take_table());
    if (!s.table) return MapStep::no_memory;
    s.table->head.level = slot.level() - 1;
    s.leaf = slot.leaf;
    s.value = value;
    s.parent = old->parent;
    s.depth = old->depth;
  }
  while (s.count < TableNode::entry_count) {
    if (budget.used_up()) return MapStep::more;
    budget.spend(entry_cost);
    if (add_entry(space, old->status)) continue;
    give_back(space);
    return MapStep::no_memory;
  }
  TableNode* const table = s.table;
  s = {};
  for (u64& word : table->head.seen) word = ~u64{0};
  Aftermath after;
  after.page_changed(space, slot.leaf);
  join(old->prev, table->links[0]);
  join(table->links[TableNode::entry_count - 1], old->next);
  if (old->flags != 0) forget_bookmarks_of(old);
  space.pool.give_mapping(old);
  space.memory.insert_table(slot, table);
  return MapStep::done;
}

void abandon_split(Space& space) {
  if (space.split.table) give_back(space);
}

}  // namespace mica
