// SPDX-License-Identifier: MIT
#include "pool.h"

#include <seam.h>

#include "assertion.h"
#include "mapping.h"
#include "page_table.h"

namespace mica {

namespace {

constexpr u64 pair_size = 2 * page_size;

// Free pairs are linked by their last word, which leaves clean tables clean.
void*& pair_link(void* pair) { return static_cast<void**>(pair)[pair_size / sizeof(void*) - 1]; }

// The first node of a page of mapping nodes links the pages of the pool.
struct MappingPage {
  void* next;
  u8 unused[sizeof(Mapping) - sizeof(void*)];
  Mapping nodes[page_size / sizeof(Mapping) - 1];
};
static_assert(sizeof(MappingPage) == page_size);
constexpr u64 nodes_per_page = page_size / sizeof(Mapping) - 1;

}  // namespace

FrameStore frame_store;

bool FrameStore::add(Phys low, Phys high) {
  const u64 start = (low.value + pair_size - 1) & ~(pair_size - 1);
  const u64 end = high.value & ~(pair_size - 1);
  if (start >= end) return true;
  if (region_count_ == max_regions) return false;
  const u64 frames = (end - start) / page_size;
  const u64 record_words = (frames + 63) / 64;
  const u64 record_size = (record_words * sizeof(u64) + pair_size - 1) & ~(pair_size - 1);
  auto* records = static_cast<u64*>(phys_to_virt({start}));
  fill_words(records, 0, record_words);
  regions_[region_count_++] = {low, high, {start}, {start + record_size}, {end}, records};
  free_pairs_ += (end - start - record_size) / pair_size;
  return true;
}

FrameStore::Region& FrameStore::region_of(Phys frame) {
  Region* region = regions_;
  while (frame < region->base || frame >= region->end) ++region;
  return *region;
}

bool FrameStore::owns_any(Phys low, Phys high) const {
  for (unsigned i = 0; i < region_count_; ++i) {
    if (high > regions_[i].low && low < regions_[i].high) return true;
  }
  return false;
}

void FrameStore::push_pair(void* pair, void*& list) {
  pair_link(pair) = list;
  list = pair;
  ++free_pairs_;
}

void* FrameStore::pop_pair(void*& list) {
  void* pair = list;
  if (pair) {
    list = pair_link(pair);
    --free_pairs_;
  }
  return pair;
}

void* FrameStore::cut_off_pair() {
  for (; cutting_ < region_count_; ++cutting_) {
    Region& region = regions_[cutting_];
    if (region.untouched < region.end) {
      const Phys pair = region.untouched;
      region.untouched = pair + pair_size;
      --free_pairs_;
      return phys_to_virt(pair);
    }
  }
  return nullptr;
}

void FrameStore::push_single(Region& region, Phys frame) {
  const u64 index = (frame.value - region.base.value) / page_size;
  region.single_free[index / 64] |= u64{1} << index % 64;
  auto* block = static_cast<FreeFrame*>(phys_to_virt(frame));
  *block = {singles_, nullptr};
  if (singles_) singles_->prev = block;
  singles_ = block;
  ++free_singles_;
}

void FrameStore::unlink_single(FreeFrame* frame) {
  const Phys address = virt_to_phys(frame);
  Region& region = region_of(address);
  const u64 index = (address.value - region.base.value) / page_size;
  region.single_free[index / 64] &= ~(u64{1} << index % 64);
  (frame->prev ? frame->prev->next : singles_) = frame->next;
  if (frame->next) frame->next->prev = frame->prev;
  --free_singles_;
}

void* FrameStore::take(unsigned order) {
  if (order == 0 && singles_) {
    FreeFrame* frame = singles_;
    unlink_single(frame);
    return frame;
  }
  if (promised_ >= free_pairs_) return nullptr;
  void* pair = pop_pair(pairs_);
  if (!pair) pair = cut_off_pair();
  if (!pair) pair = pop_pair(clean_tables_);
  if (pair && order == 0) {
    const Phys second = virt_to_phys(pair) + page_size;
    push_single(region_of(second), second);
  }
  return pair;
}

void FrameStore::give(void* block, unsigned order) {
  if (order == 1) return push_pair(block, pairs_);
  const Phys frame = virt_to_phys(block);
  const Phys neighbour{frame.value ^ page_size};
  Region& region = region_of(frame);
  const u64 index = (neighbour.value - region.base.value) / page_size;
  if ((region.single_free[index / 64] >> index % 64 & 1) == 0) return push_single(region, frame);
  unlink_single(static_cast<FreeFrame*>(phys_to_virt(neighbour)));
  push_pair(phys_to_virt({frame.value & ~page_size}), pairs_);
}

void* FrameStore::take_table() {
  if (promised_ >= free_pairs_) return nullptr;
  if (void* table = pop_pair(clean_tables_)) return table;
  void* table = take(1);
  if (table) {
    fill_words(table, 0, page_size / sizeof(u64));
    fill_words(&static_cast<TableNode*>(table)->head, 0, sizeof(TableNode::Head) / sizeof(u64));
  }
  return table;
}

void FrameStore::give_clean_table(void* table) { push_pair(table, clean_tables_); }

void* Pool::take_table() {
  if (used_ + 2 > limit_) return nullptr;
  void* table = frame_store.take_table();
  if (table) used_ += 2;
  return table;
}

void Pool::give_clean_table(void* table) {
  MICA_ASSERT(used_ >= 2);
  frame_store.give_clean_table(table);
  used_ -= 2;
}

void* Pool::take_block() {
  if (used_ + 2 > limit_) return nullptr;
  void* block = frame_store.take(1);
  if (block) used_ += 2;
  return block;
}

void Pool::give_block(void* block) {
  MICA_ASSERT(used_ >= 2);
  frame_store.give(block, 1);
  used_ -= 2;
}

void* Pool::take_frame() {
  if (used_ + 1 > limit_) return nullptr;
  void* frame = frame_store.take(0);
  if (frame) ++used_;
  return frame;
}

void Pool::give_frame(void* frame) {
  MICA_ASSERT(used_ >= 1);
  frame_store.give(frame, 0);
  --used_;
}

u64 Pool::pages_for(u64 mappings) const {
  return mappings <= free_count_ ? 0 : (mappings - free_count_ + nodes_per_page - 1) / nodes_per_page;
}

Mapping* Pool::new_mapping_page() {
  auto* page = static_cast<MappingPage*>(take_frame());
  if (!page) return nullptr;
  page->next = mapping_pages_;
  mapping_pages_ = page;
  all_nodes_ += nodes_per_page;
  free_count_ += nodes_per_page - 1;
  FreeNode* next = free_nodes_;
  for (Mapping* node = page->nodes + nodes_per_page; --node != page->nodes;) {
    auto* const free = reinterpret_cast<FreeNode*>(node);
    free->next = next;
    next = free;
  }
  free_nodes_ = next;
  return page->nodes;
}

Progress Pool::drain(Budget& budget) {
  constexpr i64 page_cost = 320;
  while (mapping_pages_) {
    if (budget.used_up()) return Progress::more;
    budget.spend(page_cost);
    auto* page = static_cast<MappingPage*>(mapping_pages_);
    mapping_pages_ = page->next;
    give_frame(page);
  }
  free_nodes_ = nullptr;
  free_count_ = all_nodes_ = 0;
  return Progress::done;
}

}  // namespace mica
