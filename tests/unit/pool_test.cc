// SPDX-License-Identifier: MIT
#include "pool.h"

#include <doctest/doctest.h>
#include <seam.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "mapping.h"
#include "page_table.h"

using namespace mica;

namespace {

void drain(Pool& pool) {
  Budget little(100);
  while (pool.drain(little) == Progress::more) little = Budget(100);
}

u64 address_of(const void* block) { return virt_to_phys(block).value; }

bool is_clean(const void* table) {
  const auto* node = static_cast<const TableNode*>(table);
  for (const u64 value : node->entries) {
    if (value != 0) return false;
  }
  const auto* head = reinterpret_cast<const u64*>(&node->head);
  for (u64 i = 0; i < sizeof(node->head) / sizeof(u64); ++i) {
    if (head[i] != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the store hands every frame out once and takes it back") {
  host::reset(u64{2} << 20);
  const u64 all = frame_store.free_frames();
  CHECK(all == 512 - 2);  // its records take a pair
  std::set<void*> frames;
  while (void* frame = frame_store.take(0)) {
    CHECK(frames.insert(frame).second);
    CHECK(address_of(frame) % page_size == 0);
    CHECK(frame_store.owns(virt_to_phys(frame)));
  }
  CHECK(frames.size() == all);
  CHECK(frame_store.free_frames() == 0);
  CHECK(frame_store.take(1) == nullptr);
  for (void* frame : frames) frame_store.give(frame, 0);
  CHECK(frame_store.free_frames() == all);
  CHECK(frame_store.free_pairs() == all / 2);  // neighbours have become pairs again
  u64 pairs = 0;
  while (void* pair = frame_store.take(1)) {
    CHECK(address_of(pair) % (2 * page_size) == 0);
    ++pairs;
  }
  CHECK(pairs == all / 2);
}

TEST_CASE("the store knows its memory") {
  host::reset(u64{1} << 20);
  CHECK(frame_store.owns(host::kernel_memory_low));
  CHECK(frame_store.owns({(u64{2} << 20) - 1}));
  CHECK_FALSE(frame_store.owns({u64{2} << 20}));
  CHECK_FALSE(frame_store.owns({host::kernel_memory_low.value - 1}));
  const u64 before = frame_store.free_frames();
  CHECK(frame_store.add({0x30'1000}, {0x30'9000}));  // uneven: 0x302000 to 0x308000 is used
  CHECK(frame_store.free_frames() == before + 4);
  CHECK(frame_store.owns({0x30'1000}));
  CHECK(frame_store.add({0x40'1000}, {0x40'2000}));  // too small for anything
  CHECK(frame_store.free_frames() == before + 4);
  std::set<void*> frames;
  while (void* frame = frame_store.take(0)) frames.insert(frame);
  CHECK(frames.size() == before + 4);
  for (void* frame : frames) frame_store.give(frame, 0);
  CHECK(frame_store.free_pairs() * 2 == before + 4);
}

TEST_CASE("what is promised is there for those who come back for it") {
  host::reset(u64{1} << 20);
  const u64 pairs = frame_store.free_pairs();
  CHECK_FALSE(frame_store.promise(pairs + 1));
  CHECK(frame_store.promise(pairs - 2));
  CHECK_FALSE(frame_store.promise(3));
  CHECK(frame_store.promise(1));
  void* const pair = frame_store.take(1);
  CHECK(pair != nullptr);
  CHECK(frame_store.take(1) == nullptr);
  CHECK(frame_store.take(0) == nullptr);
  CHECK(frame_store.take_table() == nullptr);
  frame_store.release(pairs - 1);
  void* const other = frame_store.take(1);
  CHECK(other != nullptr);
  frame_store.renew(pairs - 2);
  CHECK(frame_store.take(0) == nullptr);
  frame_store.give(other, 1);
  void* const frame = frame_store.take(0);
  CHECK(frame != nullptr);
  frame_store.give(frame, 0);
  frame_store.give(pair, 1);
  frame_store.release(pairs - 2);
  CHECK(frame_store.free_pairs() == pairs);
}

TEST_CASE("random traffic in the store") {
  host::reset(u64{1} << 20);
  const u64 all = frame_store.free_frames();
  std::minstd_rand random(7);
  std::map<u64, unsigned> taken;  // address -> order
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 100 < (step / 1000 % 2 ? 35u : 65u)) {
      const unsigned order = random() % 2;
      const bool possible = frame_store.free_frames() != 0 && (order == 0 || frame_store.free_pairs() != 0);
      void* const block = frame_store.take(order);
      REQUIRE((block != nullptr) == possible);
      if (!block) continue;
      const u64 address = address_of(block);
      const auto after = taken.lower_bound(address);
      if (after != taken.end()) REQUIRE(after->first >= address + (page_size << order));
      if (after != taken.begin()) {
        const auto before = std::prev(after);
        REQUIRE(before->first + (page_size << before->second) <= address);
      }
      fill_words(block, ~u64{0}, page_size / 8 << order);
      taken[address] = order;
    } else if (!taken.empty()) {
      auto victim = taken.lower_bound(host::kernel_memory_low.value + random() % (u64{1} << 20));
      if (victim == taken.end()) victim = taken.begin();
      frame_store.give(phys_to_virt({victim->first}), victim->second);
      taken.erase(victim);
    }
    u64 used = 0;
    for (const auto& [address, order] : taken) used += u64{1} << order;
    REQUIRE(frame_store.free_frames() + used == all);
  }
  for (const auto& [address, order] : taken) frame_store.give(phys_to_virt({address}), order);
  CHECK(frame_store.free_pairs() * 2 == all);
}

TEST_CASE("a pool counts and limits") {
  host::reset();
  const u64 all = frame_store.free_frames();
  Pool pool;
  pool.set_limit(5);
  void* const table = pool.take_table();
  void* const block = pool.take_block();
  void* const frame = pool.take_frame();
  REQUIRE(frame != nullptr);
  CHECK(pool.used() == 5);
  CHECK(pool.take_frame() == nullptr);
  CHECK(pool.take_table() == nullptr);
  CHECK(pool.take_mapping() == nullptr);
  CHECK(frame_store.free_frames() == all - 5);
  pool.give_frame(frame);
  CHECK(pool.take_table() == nullptr);  // one is left, two are needed
  pool.give_block(block);
  pool.give_table(table);
  CHECK(pool.used() == 0);
  CHECK(frame_store.free_frames() == all);
}

TEST_CASE("tables are clean whatever was there before") {
  host::reset(u64{64} << 10);
  Pool pool;
  std::vector<void*> blocks;
  while (void* block = pool.take_block()) blocks.push_back(block);
  REQUIRE(blocks.size() == 7);
  for (void* block : blocks) {
    fill_words(block, ~u64{0}, 1024);
    pool.give_block(block);
  }
  blocks.clear();
  while (void* table = pool.take_table()) {
    CHECK(is_clean(table));
    blocks.push_back(table);
  }
  CHECK(blocks.size() == 7);
  for (void* table : blocks) pool.give_clean_table(table);
  CHECK(frame_store.free_pairs() == 7);
  for (int i = 0; i < 7; ++i) CHECK(is_clean(pool.take_table()));
  CHECK(pool.used() == 14);
}

TEST_CASE("mapping nodes") {
  host::reset();
  const u64 all = frame_store.free_frames();
  Pool pool;
  std::vector<Mapping*> nodes;
  std::set<Mapping*> seen;
  for (int i = 0; i < 300; ++i) {
    Mapping* const node = pool.take_mapping();
    REQUIRE(node != nullptr);
    CHECK(seen.insert(node).second);
    *node = Mapping{};
    nodes.push_back(node);
  }
  CHECK(pool.used() == 3);  // 127 a page
  for (Mapping* node : nodes) pool.give_mapping(node);
  for (int i = 0; i < 300; ++i) CHECK(seen.count(pool.take_mapping()) == 1);
  CHECK(pool.used() == 3);
  for (Mapping* node : nodes) pool.give_mapping(node);
  drain(pool);
  CHECK(pool.used() == 0);
  CHECK(frame_store.free_frames() == all);
}

TEST_CASE("what is reserved can be taken") {
  host::reset();
  for (u64 limit = 0; limit < 12; ++limit) {
    for (u64 tables = 0; tables < 4; ++tables) {
      for (const unsigned mappings : {0u, 1u, 126u, 127u, 128u, 254u, 255u}) {
        for (u64 frames = 0; frames < 3; ++frames) {
          Pool pool;
          pool.set_limit(limit);
          const u64 pages = (mappings + 126) / 127;
          const bool enough = tables * 2 + pages + frames <= limit;
          REQUIRE(pool.within_limit(pool.frames_for(tables, mappings) + frames) == enough);
          CHECK(pool.used() == 0);
          if (!enough) continue;
          std::vector<void*> taken_tables, taken_frames;
          std::vector<Mapping*> nodes;
          for (u64 i = 0; i < mappings; ++i) nodes.push_back(pool.take_mapping());
          for (u64 i = 0; i < frames; ++i) taken_frames.push_back(pool.take_frame());
          for (u64 i = 0; i < tables; ++i) taken_tables.push_back(pool.take_table());
          for (Mapping* node : nodes) {
            REQUIRE(node);
            pool.give_mapping(node);
          }
          for (void* frame : taken_frames) {
            REQUIRE(frame);
            pool.give_frame(frame);
          }
          for (void* table : taken_tables) {
            REQUIRE(table);
            pool.give_clean_table(table);
          }
          drain(pool);
          REQUIRE(pool.used() == 0);
        }
      }
    }
  }
}
