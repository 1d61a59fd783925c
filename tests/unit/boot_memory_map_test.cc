// SPDX-License-Identifier: MIT
// Firmware's memory map made disjoint, and places taken from free memory.
#include "boot/memory_map.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace mica;

namespace {

MemoryMap map_of(const std::vector<Region>& regions) { return normalise(regions); }

// The plain rule: what is anywhere not usable is not usable; the highest type wins.
u32 type_of_page(const std::vector<Region>& regions, u64 page) {
  u32 type = 0;
  const Range here{page * page_size, (page + 1) * page_size};
  for (const Region& region : regions) {
    const bool usable = region.type == Region::usable;
    if (!(usable ? region.range.contains(here) : region.range.overlaps(here))) continue;
    if (type == 0 || type == Region::usable) type = region.type;
    else if (!usable && region.type > type) type = region.type;
  }
  return type;
}

}  // namespace

TEST_CASE("boot memory map: rounding, order, merging") {
  const MemoryMap map = map_of({{{0x100000, 0x200000}, 1}, {{0, 0x9fc00}, 1}, {{0x9fc00, 0xa0000}, 2},
                                {{0x200000, 0x300000}, 1}});
  REQUIRE(map.size() == 3);
  CHECK(map[0] == Region{{0, 0x9f000}, 1});
  CHECK(map[1] == Region{{0x9f000, 0xa0000}, 2});
  CHECK(map[2] == Region{{0x100000, 0x300000}, 1});
}

TEST_CASE("boot memory map: the top of the address space does not wrap") {
  const MemoryMap map = map_of({{{0xfffffffffffe0800, ~u64{0}}, 2}});
  REQUIRE(map.size() == 1);
  CHECK(map[0].range == Range{0xfffffffffffe0000, 0xfffffffffffff000});
}

TEST_CASE("boot memory map: agrees with the plain rule on random maps") {
  std::mt19937 random(1);
  const auto number = [&](u64 below) { return random() % below; };
  for (int round = 0; round < 300; ++round) {
    std::vector<Region> regions(1 + number(12));
    for (Region& region : regions) {
      region.range.low = number(40 * 4) * 1024;
      region.range.high = region.range.low + (1 + number(60)) * 1024;
      region.type = 1 + static_cast<u32>(number(4));
    }
    const MemoryMap map = normalise(regions);
    for (std::size_t i = 0; i < map.size(); ++i) {
      REQUIRE(map[i].range.low < map[i].range.high);
      if (i > 0) REQUIRE(map[i - 1].range.high <= map[i].range.low);
      if (i > 0 && map[i - 1].range.high == map[i].range.low) REQUIRE(map[i - 1].type != map[i].type);
    }
    for (u64 page = 0; page < 60; ++page) {
      u32 found = 0;
      for (const Region& region : map) {
        if (region.range.contains({page * page_size, (page + 1) * page_size})) found = region.type;
      }
      REQUIRE(found == type_of_page(regions, page));
    }
  }
}

TEST_CASE("boot free memory: removing splits, taking is from the top and aligned") {
  FreeMemory free;
  free.add({0x100000, 0x1000000});
  free.remove({0x400000, 0x500000});
  CHECK(free.ranges().size() == 2);
  CHECK(free.largest(0x1000) == 0xb00000);
  CHECK(free.largest(0x200000) == 0xa00000);
  CHECK(free.take_highest(0x1000, 0x1000) == 0xfff000);
  CHECK(free.take_highest(0x1000, 0x200000) == 0xe00000);
  CHECK(free.take_highest(0x1000, 0x1000, 0x400000) == 0x3ff000);
  CHECK_FALSE(free.take_highest(0x1000000, 0x1000).has_value());
  CHECK(free.take_highest(0x900000, 0x1000) == 0x500000);
  free.remove({0, ~u64{0}});
  CHECK(free.ranges().empty());
  CHECK_FALSE(free.take_highest(1, 1).has_value());
}

TEST_CASE("boot free memory: nothing is given twice") {
  std::mt19937 random(2);
  FreeMemory free;
  free.add({0x1000, 0x100000});
  free.add({0x200000, 0x280000});
  std::vector<Range> given;
  for (int i = 0; i < 400; ++i) {
    const u64 size = (1 + random() % 4) * page_size;
    const auto place = free.take_highest(size, page_size << (random() % 3));
    if (!place) continue;
    const Range range{*place, *place + size};
    for (const Range& other : given) REQUIRE_FALSE(other.overlaps(range));
    REQUIRE((Range{0x1000, 0x100000}.contains(range) || Range{0x200000, 0x280000}.contains(range)));
    given.push_back(range);
  }
  CHECK(given.size() > 50);
}
