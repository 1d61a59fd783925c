// SPDX-License-Identifier: MIT
#include "page_table.h"

#include "assertion.h"

namespace mica {

namespace {

constexpr unsigned index_bits = TableNode::index_bits;
u64 table_index(u64 page, unsigned level) { return bits(page, index_bits * level, index_bits); }

}  // namespace

// A table may be full of bits that stand for nothing any more: built for speed.
[[gnu::optimize("O2")]] u64 TableNode::next_present(u64 index) {
  for (u64 first = index & ~u64{63}; first < entry_count; first += 64) {
    const u64 below = index > first ? (u64{1} << (index - first)) - 1 : 0;
    u64& word = head.seen[first / 64];
    u64 rest = word & ~below;
    while (rest != 0) {
      const u64 found = first + static_cast<u64>(std::countr_zero(rest));
      if ((entries[found] & entry::present) != 0) {
        word = rest | (word & below);
        return found;
      }
      rest &= rest - 1;
    }
    word &= below;
  }
  return entry_count;
}

[[gnu::cold, gnu::noinline]] Slot PageTable::make(u64 page, Pool& pool, unsigned wanted) {
  if (!root_) {
    root_ = static_cast<u64*>(pool.take_table());
    if (!root_) return {};
    root_is_made_ = true;
  }
  u64* slot = root_entry(page);
  for (unsigned level = levels_ - 1; level > 0; --level) {
    if (*slot == 0) {
      if (level == wanted) return {slot};
      auto* const table = static_cast<TableNode*>(pool.take_table());
      if (!table) return {};
      table->head.first_page = page >> index_bits * level << index_bits * level;
      table->head.parent = slot;
      table->head.level = level - 1;
      table->head.next = tables_;
      tables_ = table;
      const u64 value = virt_to_phys(table).value + entry::table;
      if (level == levels_ - 1) {
        *slot = value;
      } else {
        Slot{slot}.enter(value);
      }
    } else if (level != levels_ - 1 && (*slot & entry::large) != 0) {
      return {slot};
    }
    slot = TableNode::below(*slot)->entries + table_index(page, level - 1);
    // A table where a large page was wanted: one level down it is.
    if (level == wanted) --wanted;
  }
  return {slot};
}

unsigned PageTable::missing_tables(u64 page, unsigned wanted) const {
  if (!root_) return levels_;
  u64 entry = *root_entry(page);
  unsigned level = levels_ - 1;
  while (level > wanted && entry != 0) {
    if (level != levels_ - 1 && (entry & entry::large) != 0) return 0;
    --level;
    entry = TableNode::below(entry)->entries[table_index(page, level)];
  }
  return level - wanted;
}

bool PageTable::has_room(u64 page, unsigned wanted) const {
  u64 entry = *root_entry(page);
  for (unsigned level = levels_ - 1; entry != 0;) {
    if (level == wanted) return level == 0 || (entry & entry::large) != 0;
    if (level != levels_ - 1 && (entry & entry::large) != 0) return false;
    --level;
    entry = TableNode::below(entry)->entries[table_index(page, level)];
  }
  return true;
}

void PageTable::insert_table(Slot slot, TableNode* node) {
  MICA_ASSERT(slot.present() && slot.level() == node->head.level + 1);
  node->head.first_page = slot.first_page();
  node->head.parent = slot.leaf;
  node->head.next = tables_;
  tables_ = node;
  slot.enter(virt_to_phys(node).value + entry::table);
}

Slot PageTable::next_leaf(u64 page, u64 end) const {
  if (!root_) return {};
  while (page < end) {
    u64 index = page >> index_bits * (levels_ - 1);
    const u64 count = root_entries();
    while (index < count && root_[index] == 0) ++index;
    if (index >= count) return {};
    TableNode* node = TableNode::below(root_[index]);
    for (;;) {
      if (node->head.first_page > page) page = node->head.first_page;
      index = node->next_present((page - node->head.first_page) >> node->shift());
      const u64 at = node->page_of(index);
      if (index == TableNode::entry_count) {
        page = at;
        break;
      }
      if (at >= end) return {};
      const u64 value = node->entries[index];
      if (node->is_leaf(value)) return {node->entries + index};
      node = TableNode::below(value);
    }
  }
  return {};
}

void PageTable::free_newest_table(Pool& pool) {
  TableNode* const node = tables_;
  tables_ = node->head.next;
  u64* const parent = node->head.parent;
  *parent = 0;
  // The root has no bits.
  if (reinterpret_cast<u64>(parent) - reinterpret_cast<u64>(root_) >= page_size) {
    const u64 index = TableNode::index_of(parent);
    TableNode::of(parent)->head.seen[index / 64] &= ~(u64{1} << index % 64);
  }
  node->head = {};
  pool.give_clean_table(node);
}

void PageTable::free_root(Pool& pool) {
  if (!root_is_made_) return;
  pool.give_clean_table(root_);
  root_ = nullptr;
  root_is_made_ = false;
}

}  // namespace mica
