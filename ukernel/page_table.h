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
//
// A leaf is an entry that maps memory: 4 KiB at level 0, 2 MiB at level 1, 1 GiB at
// level 2. A table, once made, stays until its space dies.
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
// The third bit of the memory type: of a page, and of a large one.
inline constexpr u64 attribute = 1 << 7, large_attribute = 1 << 12;
// Of every entry that leads to a table: accessed from the start, so that the CPU
// never writes to it and one subtraction makes it an address.
inline constexpr u64 table = present | writable | user | accessed;

[[gnu::always_inline]] inline Phys frame(u64 value) {
  return {value & ((value & large) != 0 ? frame_mask & ~large_attribute : frame_mask)};
}
}  // namespace entry

struct TableNode {
  static constexpr unsigned index_bits = 9;
  static constexpr u64 entry_count = u64{1} << index_bits;

  struct Head {
    u64 seen[entry_count / 64];  // a bit for each present entry, and some others
    u64 first_page;              // number of the first page below the node
    u64* parent;                 // the entry that leads to the node
    u64 level;                   // 0: all entries are pages
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

  unsigned shift() const { return index_bits * static_cast<unsigned>(head.level); }
  u64 page_of(u64 index) const { return head.first_page + (index << shift()); }
  bool is_leaf(u64 value) const { return head.level == 0 || (value & entry::large) != 0; }

  // Gives an absent entry a value; back again goes by writing zero.
  [[gnu::always_inline]] void enter(u64 index, u64 value) {
    entries[index] = value;
    head.seen[index / 64] |= u64{1} << index % 64;
  }
  // The first present entry at or after `index`, or entry_count.
  u64 next_present(u64 index);
};
static_assert(sizeof(TableNode) == 2 * page_size);

// Where a page, small or large, or a port is or would be entered.
struct Slot {
  u64* leaf = nullptr;
  explicit operator bool() const { return leaf != nullptr; }
  bool present() const { return (*leaf & entry::present) != 0; }
  bool fixed() const { return (*leaf & entry::fixed) != 0; }
  Phys frame() const { return level() == 0 ? Phys{*leaf & entry::frame_mask} : entry::frame(*leaf); }
  unsigned level() const { return static_cast<unsigned>(TableNode::of(leaf)->head.level); }
  u64 first_page() const { return TableNode::of(leaf)->page_of(TableNode::index_of(leaf)); }
  u64 pages() const { return u64{1} << TableNode::of(leaf)->shift(); }
  // The frame of one page of a large one.
  Phys frame_of(u64 page) const { return frame() + ((page - first_page()) << page_bits); }
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
  // The slot of page number `page`, that of a large page if one is there; absent when
  // no table covers it.
  Slot find(u64 page) const { return {levels_ == 4 ? walk<4, true>(page) : root_ ? walk<2, false>(page) : nullptr}; }
  // The same in a tree that is known to be memory's.
  Slot find_any_page(u64 page) const { return {walk<4, true>(page)}; }
  // That of a page of 4 KiB alone.
  [[gnu::always_inline]] Slot find_page(u64 page) const { return {walk<4, false>(page)}; }
  // A slot at `level`, the tables that are missing made from `pool`. Where a large page
  // or, for a large one, a table stands in the way: the slot of that large page, or
  // one at the next level below. Absent when out of memory.
  [[nodiscard]] Slot make(u64 page, Pool& pool, unsigned level = 0);
  // How many tables make() would take.
  unsigned missing_tables(u64 page, unsigned level = 0) const;
  // Could a page of that level be entered, with nothing in its way but one of its size?
  bool has_room(u64 page, unsigned level) const;
  // Puts `node`, complete but for its place, where a large page is.
  void insert_table(Slot slot, TableNode* node);
  // The first present leaf that has a page in [page, end), or none; it may begin before.
  Slot next_leaf(u64 page, u64 end) const;
  // Calls visit(slot) for each leaf of [page, end) that is present when its turn comes,
  // until it returns false or the budget is used up: `page` is then where to go on. It
  // may change entries.
  template <typename Visit>
  Progress visit_leaves(u64& page, u64 end, Budget& budget, Visit&& visit) const {
    while (Slot slot = next_leaf(page, end)) {
      if (budget.used_up()) return Progress::more;
      budget.spend(search_cost);
      TableNode* const node = TableNode::of(slot.leaf);
      u64 index = TableNode::index_of(slot.leaf);
      do {
        const u64 at = node->page_of(index);
        if (at >= end) return Progress::done;
        if (at > page) page = at;
        if (!visit(Slot{node->entries + index})) return Progress::more;
        index = node->next_present(index + 1);
        page = node->page_of(index);
        if (budget.used_up()) return Progress::more;
      } while (index < TableNode::entry_count && node->is_leaf(node->entries[index]));
    }
    page = end;
    return Progress::done;
  }
  // Gives every table below the root back (and the root, if make() took it), newest
  // first, so that one always goes before the one that leads to it. Before a table goes,
  // end(slot) has to end each leaf in it.
  template <typename End>
  Progress free_tables(Pool& pool, Budget& budget, End&& end) {
    while (TableNode* const node = tables_) {
      for (u64 i = 0; (i = node->next_present(i)) < TableNode::entry_count; ++i)
        if (budget.used_up() || end(Slot{node->entries + i}) == Progress::more) return Progress::more;
      if (budget.used_up()) return Progress::more;
      budget.spend(table_cost);
      free_newest_table(pool);
    }
    free_root(pool);
    return Progress::done;
  }

 private:
  static constexpr i64 search_cost = 100, table_cost = 400;

  u64 root_entries() const { return levels_ == 4 ? 256 : 128; }
  u64* root_entry(u64 page) const {
    return root_ + (page >> TableNode::index_bits * (levels_ - 1) & (root_entries() - 1));
  }
  // The root's index is masked to the user's part, so that no page number reaches
  // the kernel's entries.
  template <unsigned levels, bool any_size>
  [[gnu::always_inline]] u64* walk(u64 page) const {
    constexpr unsigned index_bits = TableNode::index_bits;
    u64 entry = root_[bits(page, index_bits * (levels - 1), levels == 4 ? 8 : 7)];
    if (entry == 0) return nullptr;
    if constexpr (levels == 4) {
      for (const unsigned shift : {2 * index_bits, index_bits}) {
        u64* const at = &TableNode::below(entry)->entries[bits(page, shift, index_bits)];
        entry = *at;
        if constexpr (any_size) {
          if (entry == 0) return nullptr;
          if ((entry & entry::large) != 0) return at;
        } else {
          if (static_cast<u8>(entry) != entry::table) return nullptr;  // nothing, or a large page
        }
      }
    }
    return &TableNode::below(entry)->entries[bits(page, 0, index_bits)];
  }

  void free_newest_table(Pool& pool);
  void free_root(Pool& pool);

  u64* root_ = nullptr;
  TableNode* tables_ = nullptr;
  unsigned levels_ = 0;
  bool root_is_made_ = false;
};

}  // namespace mica
