// SPDX-License-Identifier: MIT
// Kernel memory. The machine has one store of free frames; every space draws on
// it through a pool of its own, which counts and limits what the space costs.
//
// The store hands out single frames and pairs (8 KiB, aligned to 8 KiB). Memory
// that was never used is cut off in pairs as it is needed, so that nothing is
// cleared or linked at boot; a single frame whose neighbour is free as well
// becomes a pair again at once. Every operation takes constant time.
//
// Invariant: each frame outside the store is counted in exactly one pool, and a
// pool that has been drained counts zero.
#pragma once

#include "budget.h"
#include "types.h"

namespace mica {

struct Mapping;

// The free frames of the machine's kernel memory.
class FrameStore {
 public:
  static constexpr unsigned max_regions = 16;

  // Adds [low, high), RAM that phys_to_virt() reaches and nobody else uses. A
  // small part of it holds the store's own records. False: too many regions.
  bool add(Phys low, Phys high);
  // Blocks of 2^order frames, order 0 or 1; contents undefined; null when none is left.
  [[nodiscard]] void* take(unsigned order);
  void give(void* block, unsigned order);
  // Pairs whose first half and table header (page_table.h) are zero.
  [[nodiscard]] void* take_table();
  void give_clean_table(void* table);

  u64 free_frames() const { return free_pairs_ * 2 + free_singles_; }
  u64 free_pairs() const { return free_pairs_; }
  // Sets so many pairs aside for one who comes back for them: others cannot take them
  // until they are released. False: there are not so many.
  [[nodiscard]] bool promise(u64 pairs) {
    if (pairs > free_pairs_ - least_promised()) return false;
    promised_ += pairs;
    return true;
  }
  void release(u64 pairs) { promised_ -= pairs; }
  // Sets pairs aside again that were released for the moment; some may be used up.
  void renew(u64 pairs) { promised_ += pairs; }
  // Is it, or was it ever, part of kernel memory?
  bool owns(Phys address) const { return owns_any(address, address + 1); }
  bool owns_any(Phys low, Phys high) const;

 private:
  struct FreeFrame {
    FreeFrame *next, *prev;
  };
  struct Region {
    Phys low, high;        // as added
    Phys base, untouched;  // of the frames; [untouched, end) was never handed out
    Phys end;
    u64* single_free;  // a bit a frame from `base`: is it in the list of singles?
  };

  u64 least_promised() const { return promised_ < free_pairs_ ? promised_ : free_pairs_; }
  Region& region_of(Phys frame);
  void* cut_off_pair();
  void push_pair(void* pair, void*& list);
  void* pop_pair(void*& list);
  void push_single(Region& region, Phys frame);
  void unlink_single(FreeFrame* frame);

  FreeFrame* singles_ = nullptr;
  void* pairs_ = nullptr;
  void* clean_tables_ = nullptr;
  u64 free_pairs_ = 0, free_singles_ = 0;  // untouched memory counts as pairs
  u64 promised_ = 0;                       // of the pairs
  Region regions_[max_regions] = {};
  unsigned region_count_ = 0;
  unsigned cutting_ = 0;  // the first region that may have untouched memory
};

extern FrameStore frame_store;

class Pool {
 public:
  void set_limit(u64 frames) { limit_ = frames; }
  u64 limit() const { return limit_; }
  u64 used() const { return used_; }

  // A page-table node: 8 KiB, the first half and the header cleared, the links
  // beside the entries as they come.
  [[nodiscard]] void* take_table();
  void give_table(void* table) { give_block(table); }
  // For a table that is again as take_table() gave it: the next one is cheap.
  void give_clean_table(void* table);
  // 8 KiB, aligned, contents undefined.
  [[nodiscard]] void* take_block();
  void give_block(void* block);
  // One frame; contents undefined.
  [[nodiscard]] void* take_frame();
  void give_frame(void* frame);
  [[nodiscard]] Mapping* take_mapping() {
    Mapping* const node = take_free_mapping();
    return node ? node : new_mapping_page();
  }
  // One of the pages that there are, or null.
  [[nodiscard]] Mapping* take_free_mapping() {
    FreeNode* const node = free_nodes_;
    if (node) {
      free_nodes_ = node->next;
      --free_count_;
    }
    return reinterpret_cast<Mapping*>(node);
  }
  void give_mapping(Mapping* mapping) {
    auto* const node = reinterpret_cast<FreeNode*>(mapping);
    node->next = free_nodes_;
    free_nodes_ = node;
    ++free_count_;
  }

  // One frame in use changes from `from` to this pool; false: it may not have more.
  [[nodiscard]] bool take_over(Pool& from) {
    if (used_ + 1 > limit_) return false;
    --from.used_;
    ++used_;
    return true;
  }

  // Frames for so many tables and mapping nodes, at most.
  u64 frames_for(u64 tables, u64 mappings) const { return 2 * tables + pages_for(mappings); }
  bool within_limit(u64 frames) const { return used_ <= limit_ && frames <= limit_ - used_; }
  // Nodes in use.
  u64 mappings() const { return all_nodes_ - free_count_; }

  // Gives the pages of mapping nodes back; no node of the pool may be in use.
  Progress drain(Budget& budget);

 private:
  struct FreeNode {
    FreeNode* next;
  };

  u64 pages_for(u64 mappings) const;
  // A page more, and the first node of it.
  Mapping* new_mapping_page();

  u64 limit_ = u64{1} << 52;
  u64 used_ = 0;  // frames
  FreeNode* free_nodes_ = nullptr;  // of mappings
  u64 free_count_ = 0;
  u64 all_nodes_ = 0;
  void* mapping_pages_ = nullptr;
};

}  // namespace mica
