// SPDX-License-Identifier: MIT
#include "page_table.h"

namespace mica {

namespace {

constexpr unsigned index_bits = TableNode::index_bits;
u64 table_index(u64 page, unsigned level) { return bits(page, index_bits * level, index_bits); }

}  // namespace

u64 TableNode::next_present(u64 index) {
  while (index < entry_count) {
    u64& word = head.seen[index / 64];
    const u64 rest = word >> index % 64;
    if (rest == 0) {
      index = (index / 64 + 1) * 64;
      continue;
    }
    index += static_cast<u64>(std::countr_zero(rest));
    if ((entries[index] & entry::present) != 0) return index;
    word &= ~(u64{1} << index % 64);
  }
  return entry_count;
}

[[gnu::cold, gnu::noinline]] Slot PageTable::make(u64 page, Pool& pool) {
  if (Slot slot = find(page)) return slot;
  if (!root_) {
    root_ = static_cast<u64*>(pool.take_table());
    if (!root_) return {};
    root_is_made_ = true;
  }
  TableNode* node = nullptr;  // none: the root
  for (unsigned level = levels_ - 1; level > 0; --level) {
    const u64 index = node ? table_index(page, level) : page >> index_bits * level & (root_entries() - 1);
    u64* slot = node ? node->entries + index : root_ + index;
    if (*slot == 0) {
      auto* table = static_cast<TableNode*>(pool.take_table());
      if (!table) return {};
      table->head.first_page = page >> index_bits * level << index_bits * level;
      table->head.parent = slot;
      table->head.has_leaves = level == 1;
      table->head.next = tables_;
      tables_ = table;
      const u64 value = virt_to_phys(table).value + entry::table;
      if (node) {
        node->enter(index, value);
      } else {
        *slot = value;
      }
    }
    node = TableNode::below(*slot);
  }
  return {node->entries + table_index(page, 0)};
}

unsigned PageTable::missing_tables(u64 page) const {
  if (!root_) return levels_;
  u64 entry = root_[page >> index_bits * (levels_ - 1) & (root_entries() - 1)];
  unsigned level = levels_ - 1;
  while (level > 0 && entry != 0) {
    --level;
    entry = TableNode::below(entry)->entries[table_index(page, level)];
  }
  return level;
}

TableNode* PageTable::leaf_table(u64& page, u64 end) const {
  if (!root_) return nullptr;
  const unsigned root_shift = index_bits * (levels_ - 1);
  while (page < end) {
    u64 index = page >> root_shift;
    const u64 count = root_entries();
    while (index < count && root_[index] == 0) ++index;
    if (index >= count) return nullptr;
    if (index != page >> root_shift) page = index << root_shift;
    TableNode* node = TableNode::below(root_[index]);
    for (unsigned level = levels_ - 2; level > 0; --level) {
      const unsigned shift = index_bits * level;
      index = table_index(page, level);
      const u64 found = node->next_present(index);
      if (found != index) page = node->head.first_page + (found << shift);
      if (found == TableNode::entry_count) {
        node = nullptr;
        break;
      }
      node = TableNode::below(node->entries[found]);
    }
    if (node) return page < end ? node : nullptr;
  }
  return nullptr;
}

u64 PageTable::next_present(u64 page, u64 end) const {
  while (TableNode* node = leaf_table(page, end)) {
    const u64 index = node->next_present(page - node->head.first_page);
    page = node->head.first_page + index;
    if (index < TableNode::entry_count) return page < end ? page : end;
  }
  return end;
}

void PageTable::free_tables(Pool& pool) {
  // Newest first: a node is always newer than the one that holds its entry, so
  // that the entry is cleared before its own node goes.
  while (TableNode* node = tables_) {
    tables_ = node->head.next;
    *node->head.parent = 0;
    for (u64 i = 0; (i = node->next_present(i)) < TableNode::entry_count; ++i) node->entries[i] = 0;
    node->head = {};
    pool.give_clean_table(node);
  }
  if (root_is_made_) {
    pool.give_clean_table(root_);
    root_ = nullptr;
    root_is_made_ = false;
  }
}

}  // namespace mica
