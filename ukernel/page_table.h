// SPDX-License-Identifier: MIT
// A radix tree in the hardware's format: the page table of a space (4 levels),
// or its set of I/O ports (2 levels, one "page" a port).
//
// The root is one frame of which the user's part is 256 entries (memory) or 128
// (ports). A node below it is a pair of frames: the hardware's 512 entries, and
// beside them what the kernel wants to know. A bit for each entry that has been
// present since somebody last looked makes searches and the clearing of a dying
// table cost what is there, not 512 steps; all nodes of a tree are linked, so
// that freeing them looks for nothing.
#pragma once

#include <bit>
#include <optional>

#include <seam.h>

#include "abi.h"
#include "budget.h"
#include "pool.h"

namespace mica {

struct Mapping;

// Bits of an entry. `fixed` marks pages that the kernel put there (UTCBs, KIP),
// `device` frames outside RAM, which the kernel cannot read.
namespace entry {
inline constexpr u64 present = 1 << 0, writable = 1 << 1, user = 1 << 2, write_through = 1 << 3,
                     cache_disable = 1 << 4, accessed = 1 << 5, dirty = 1 << 6, large = 1 << 7,
                     global = 1 << 8, fixed = 1 << 9, device = 1 << 10, no_execute = u64{1} << 63;
inline constexpr u64 frame_mask = 0x000f'ffff'ffff'f000;
// Of every entry that leads to a table: accessed from the start, so that the CPU
// never writes to it and one subtraction makes it an address.
inline constexpr u64 table = present | writable | user | accessed;
}  // namespace entry

struct TableNode {
  static constexpr unsigned index_bits = 9;
  static constexpr u64 entry_count = u64{1} << index_bits;

  struct Head {
    u64 seen[entry_count / 64];  // a bit for each present entry, and some others
    u64 first_page;              // number of the first page below the node
    u64* parent;                 // the entry that leads to the node
    u64 has_leaves;              // 1: the entries are pages, 0: tables
    TableNode* next;             // of all nodes of the tree, newest first
  };

  u64 entries[entry_count];
  u32 links[entry_count];  // the mapping of each present leaf
  Head head;
  u8 unused[2 * page_size - entry_count * 12 - sizeof(Head)];

  // The node of an entry (never of one in the root).
  static TableNode* of(const u64* slot) {
    return reinterpret_cast<TableNode*>(reinterpret_cast<u64>(slot) & ~(2 * page_size - 1));
  }
  static u64 index_of(const u64* slot) { return bits(reinterpret_cast<u64>(slot), 3, 9); }

  static TableNode* below(u64 entry) { return static_cast<TableNode*>(phys_to_virt({entry - entry::table})); }

  // Gives an absent entry a value; back again goes by writing zero.
  [[gnu::always_inline]] void enter(u64 index, u64 value) {
    entries[index] = value;
    head.seen[index / 64] |= u64{1} << index % 64;
  }
  // The first present entry at or after `index`, or entry_count.
  u64 next_present(u64 index);
};
static_assert(sizeof(TableNode) == 2 * page_size);

// Where one page, or port, is or would be entered.
struct Slot {
  u64* leaf = nullptr;
  explicit operator bool() const { return leaf != nullptr; }
  bool present() const { return (*leaf & entry::present) != 0; }
  bool fixed() const { return (*leaf & entry::fixed) != 0; }
  Phys frame() const { return {*leaf & entry::frame_mask}; }
  // The mapping's link, meaningful beside a present entry; 0 beside a fixed one.
  [[gnu::always_inline]] u32& link() const { return TableNode::of(leaf)->links[TableNode::index_of(leaf)]; }
  // Makes an absent entry present.
  [[gnu::always_inline]] void enter(u64 value) const {
    TableNode::of(leaf)->enter(TableNode::index_of(leaf), value);
  }
  void clear() const { *leaf = 0; }
};

class PageTable {
 public:
  // With no root, make() takes one when it is first needed.
  PageTable(u64* root, unsigned levels) : root_(root), levels_(levels) {}
  PageTable() = default;

  u64* root() const { return root_; }
  // The slot of page number `page`, absent when no table covers it.
  Slot find(u64 page) const { return {levels_ == 4 ? walk<4>(page) : root_ ? walk<2>(page) : nullptr}; }
  // The same in a tree that is known to be memory's.
  Slot find_page(u64 page) const { return {walk<4>(page)}; }
  // The same, making the tables that are missing from `pool`; absent when out of memory.
  [[nodiscard]] Slot make(u64 page, Pool& pool);
  // How many tables make() would take.
  unsigned missing_tables(u64 page) const;
  // Number of the first page >= `page` and < `end` whose slot is present, or `end`.
  u64 next_present(u64 page, u64 end) const;
  // Calls visit(page, slot) for each page in [page, end) that is present when its
  // turn comes; visit may change entries.
  template <typename Visit>
  void for_each_present(u64 page, u64 end, Visit&& visit) const {
    while (TableNode* node = leaf_table(page, end)) {
      u64 index = page - node->head.first_page;
      const u64 left = end - node->head.first_page;
      const u64 stop = left < TableNode::entry_count ? left : TableNode::entry_count;
      while ((index = node->next_present(index)) < stop) {
        visit(node->head.first_page + index, Slot{node->entries + index});
        ++index;
      }
      page = node->head.first_page + TableNode::entry_count;
    }
  }
  // Calls visit(slot) for all of them, in no order; finds them by the tables that
  // there are, not through the root.
  template <typename Visit>
  void for_all_present(Visit&& visit) const {
    for (TableNode* node = tables_; node; node = node->head.next) {
      if (node->head.has_leaves == 0) continue;
      for (u64 i = 0; (i = node->next_present(i)) < TableNode::entry_count; ++i)
        visit(Slot{node->entries + i});
    }
  }
  // Gives every table below the root back (and the root, if make() took it),
  // without looking at the leaves. The root is left without user entries.
  void free_tables(Pool& pool);
  // The same step by step (budget.h).
  Progress free_tables_step(Pool& pool, Budget&) {
    free_tables(pool);
    return Progress::done;
  }

 private:
  u64 root_entries() const { return levels_ == 4 ? 256 : 128; }
  // The root's index is masked to the user's part, so that no page number reaches
  // the kernel's entries.
  template <unsigned levels>
  u64* walk(u64 page) const {
    constexpr unsigned index_bits = TableNode::index_bits;
    u64 entry = root_[bits(page, index_bits * (levels - 1), levels == 4 ? 8 : 7)];
    if (entry == 0) return nullptr;
    if constexpr (levels == 4) {
      entry = TableNode::below(entry)->entries[bits(page, 2 * index_bits, index_bits)];
      if (entry == 0) return nullptr;
      entry = TableNode::below(entry)->entries[bits(page, index_bits, index_bits)];
      if (entry == 0) return nullptr;
    }
    return &TableNode::below(entry)->entries[bits(page, 0, index_bits)];
  }
  // The first table of leaves that covers a page in [page, end); moves `page` to
  // its first page if that is further on. Null when there is none.
  TableNode* leaf_table(u64& page, u64 end) const;

  u64* root_ = nullptr;
  TableNode* tables_ = nullptr;
  unsigned levels_ = 0;
  bool root_is_made_ = false;
};

}  // namespace mica
