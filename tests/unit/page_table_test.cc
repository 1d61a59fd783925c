// SPDX-License-Identifier: MIT
#include "page_table.h"

#include <doctest/doctest.h>
#include <seam.h>

#include <random>
#include <set>

using namespace mica;

namespace {

// A page table with the kernel's half in place.
struct Table {
  Table() {
    host::reset();
    frames = frame_store.free_frames();
    auto* const root = static_cast<u64*>(pool.take_frame());
    fill_words(root, 0, 256);
    copy_words(root + 256, kernel_root_entries(), 256);
    tree = PageTable(root, 4);
  }
  bool kernel_half_is_intact() const {
    for (u64 i = 0; i < 256; ++i) {
      if (tree.root()[256 + i] != kernel_root_entries()[i]) return false;
    }
    return true;
  }
  Pool pool;
  PageTable tree;
  u64 frames;
};

// Step by step; what is left in the tables is cleared.
void free_tables(PageTable& tree, Pool& pool) {
  const auto end = [](Slot slot) {
    slot.clear();
    return Progress::done;
  };
  for (;;) {
    Budget little(300);
    if (tree.free_tables(pool, little, end) == Progress::done) return;
  }
}

template <typename Visit>
void for_each_present(const PageTable& tree, u64 low, u64 high, Visit&& visit) {
  for (u64 page = low;;) {
    Budget little(300);
    const Progress progress = tree.visit_leaves(page, high, little, [&](Slot slot) {
      visit(slot.first_page(), slot);
      page = slot.first_page() + 1;
      return false;
    });
    if (progress == Progress::done) return;
  }
}

// The first page from `low` on that is present, or `high`.
u64 next_present(const PageTable& tree, u64 low, u64 high) {
  const Slot slot = tree.next_leaf(low, high);
  return slot ? slot.first_page() : high;
}

constexpr u64 last_page = (user_end >> page_bits) - 1;
constexpr u64 value = 0x1234'5000 | entry::present | entry::user;

}  // namespace

TEST_CASE("entering and finding pages") {
  Table table;
  PageTable& tree = table.tree;
  CHECK_FALSE(tree.find(5));
  CHECK(tree.missing_tables(5) == 3);
  const Slot slot = tree.make(5, table.pool);
  REQUIRE(slot);
  CHECK(table.pool.used() == 1 + 6);
  CHECK_FALSE(slot.present());
  slot.enter(value);
  slot.link() = 77;
  CHECK(tree.find(5).leaf == slot.leaf);
  CHECK(tree.find(5).link() == 77);
  CHECK(tree.find(5).frame() == Phys{0x1234'5000});
  CHECK(tree.missing_tables(5) == 0);
  CHECK(tree.missing_tables(511) == 0);
  CHECK(tree.missing_tables(512) == 1);
  CHECK(tree.missing_tables(u64{1} << 18) == 2);
  CHECK(tree.missing_tables(u64{1} << 27) == 3);
  CHECK(tree.find(6));
  CHECK_FALSE(tree.find(6).present());
  CHECK_FALSE(tree.find(512));
  CHECK(tree.make(last_page, table.pool));
  CHECK(table.pool.used() == 1 + 12);
  CHECK(table.kernel_half_is_intact());
  free_tables(tree, table.pool);
  CHECK(table.pool.used() == 1);
  CHECK_FALSE(tree.find(5));
  CHECK(tree.missing_tables(5) == 3);
  CHECK(table.kernel_half_is_intact());
  table.pool.give_frame(tree.root());
  CHECK(frame_store.free_frames() == table.frames);
}

TEST_CASE("the hardware sees what was entered") {
  Table table;
  const Slot slot = table.tree.make(0x1'2345'6789, table.pool);
  slot.enter(value | entry::writable);
  host::load_root(table.tree.root());
  CHECK(host::access(0x1'2345'6789'abc, true));
  CHECK((*slot.leaf & entry::dirty) != 0);
  CHECK_FALSE(host::access(0x1'2345'678a'abc, false));
}

TEST_CASE("out of memory in the middle of a path") {
  Table table;
  for (u64 limit = 1; limit < 7; ++limit) {
    table.pool.set_limit(limit);
    CHECK_FALSE(table.tree.make(0, table.pool));
    CHECK(table.pool.used() <= limit);
    CHECK(next_present(table.tree, 0, last_page + 1) == last_page + 1);
  }
  table.pool.set_limit(7);
  CHECK(table.tree.make(0, table.pool));
  free_tables(table.tree, table.pool);
  CHECK(table.pool.used() == 1);
}

TEST_CASE("searching is exact in sparse trees") {
  Table table;
  PageTable& tree = table.tree;
  std::set<u64> pages{0, 1, 63, 64, 511, 512, 0x3ffff, 0x40000, 0x7ffffff, 0x8000000, last_page};
  std::minstd_rand random(3);
  for (int i = 0; i < 40; ++i) pages.insert((u64{random()} << 5 ^ random()) % (last_page + 1));
  for (const u64 page : pages) tree.make(page, table.pool).enter(value);
  for (int i = 0; i < 20; ++i)
    (void)tree.make((u64{random()} << 5) % (last_page + 1), table.pool);  // empty tables

  const u64 end = last_page + 1;
  u64 found = 0;
  for (u64 page = next_present(tree, 0, end); page < end; page = next_present(tree, page + 1, end)) {
    CHECK(pages.count(page) == 1);
    ++found;
  }
  CHECK(found == pages.size());
  for (int i = 0; i < 2000; ++i) {
    u64 low = (u64{random()} << 5 ^ random()) % end, high = (u64{random()} << 5 ^ random()) % end;
    if (i % 2) high = low + random() % 2048;
    const auto expected = pages.lower_bound(low);
    const u64 result = next_present(tree, low, high);
    if (low >= high || expected == pages.end() || *expected >= high) {
      CHECK(result == high);
    } else {
      CHECK(result == *expected);
    }
    std::set<u64> visited;
    for_each_present(tree, low, high, [&](u64 page, Slot slot) {
      CHECK(slot.leaf == tree.find(page).leaf);
      visited.insert(page);
    });
    if (low < high) CHECK(visited == std::set<u64>(expected, pages.lower_bound(high)));
  }
  free_tables(tree, table.pool);
  CHECK(table.pool.used() == 1);
  for (u64 i = 0; i < 256; ++i) CHECK(tree.root()[i] == 0);
}

TEST_CASE("visits follow changes") {
  Table table;
  for (u64 page = 0; page < 600; ++page) table.tree.make(page, table.pool).enter(value);
  u64 visits = 0;
  for_each_present(table.tree, 0, last_page, [&](u64 page, Slot slot) {
    CHECK(page % 2 == 0);
    slot.clear();
    table.tree.find(page + 1).clear();
    ++visits;
  });
  CHECK(visits == 300);
  CHECK(next_present(table.tree, 0, last_page) == last_page);
}

TEST_CASE("ports: the root comes with the first and goes with the tables") {
  host::reset();
  Pool pool;
  PageTable ports(nullptr, 2);
  CHECK_FALSE(ports.find(0x3f8));
  CHECK(ports.missing_tables(0x3f8) == 2);
  CHECK(next_present(ports, 0, 65536) == 65536);
  ports.make(0x3f8, pool).enter(entry::present);
  ports.make(0xffff, pool).enter(entry::present);
  CHECK(pool.used() == 6);
  CHECK(ports.missing_tables(0x3ff) == 0);
  CHECK(ports.missing_tables(0x400) == 1);
  CHECK(next_present(ports, 0, 65536) == 0x3f8);
  CHECK(next_present(ports, 0x3f9, 65536) == 0xffff);
  CHECK(ports.find(0x3f8).present());
  CHECK_FALSE(ports.find(0x3f9).present());
  free_tables(ports, pool);
  CHECK(pool.used() == 0);
  CHECK(ports.root() == nullptr);
}

TEST_CASE("large pages") {
  Table table;
  PageTable& tree = table.tree;
  constexpr u64 large = value | entry::large;
  CHECK(tree.missing_tables(1024, 1) == 2);
  const Slot two_mib = tree.make(1024, table.pool, 1);
  REQUIRE(two_mib);
  CHECK(table.pool.used() == 1 + 4);
  two_mib.enter(0x1234'0000'0000 | (large & 0xfff));
  CHECK(two_mib.level() == 1);
  CHECK(two_mib.first_page() == 1024);
  CHECK(two_mib.pages() == 512);
  CHECK(tree.find(1024 + 77).leaf == two_mib.leaf);
  CHECK_FALSE(tree.find_page(1024 + 77));
  CHECK(tree.find(1024 + 77).frame_of(1024 + 77).value == 0x1234'0004'd000);
  CHECK_FALSE(tree.find(1023));
  CHECK(tree.has_room(1024, 1));
  CHECK_FALSE(tree.has_room(1024, 0));
  CHECK_FALSE(tree.has_room(0, 2));  // a table is there
  CHECK(tree.has_room(512, 1));
  CHECK(tree.has_room(u64{1} << 18, 2));
  CHECK(tree.make(1030, table.pool).leaf == two_mib.leaf);  // in the way
  const Slot one_gib = tree.make(u64{1} << 18, table.pool, 2);
  CHECK(one_gib.level() == 2);
  one_gib.enter(0x40'0000'0000 | (large & 0xfff));
  CHECK(tree.make(0, table.pool, 2).level() == 1);  // the table in the way leads further down
  CHECK(next_present(tree, 0, last_page) == 1024);
  CHECK(tree.next_leaf(1500, last_page).leaf == two_mib.leaf);
  CHECK(tree.next_leaf(1536, last_page).leaf == one_gib.leaf);
  CHECK_FALSE(tree.next_leaf(1536, u64{1} << 18));
  u64 visits = 0;
  u64 page = 1100;
  Budget budget = Budget::unlimited();
  (void)tree.visit_leaves(page, last_page, budget, [&](Slot) { return ++visits, true; });
  CHECK(visits == 2);
  host::load_root(tree.root());
  CHECK(host::access((1024 + 300) * page_size, false));
  CHECK((*two_mib.leaf & entry::accessed) != 0);
  free_tables(tree, table.pool);
  CHECK(table.pool.used() == 1);
}
