// SPDX-License-Identifier: MIT
// The region mapper's table.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include <servers/runtime/region_table.h>

using runtime::Region;
using runtime::RegionTable;
using Word = mica::Word;

TEST_CASE("regions: lowest free addresses, a page of nothing on both sides") {
  RegionTable table;
  const Word a = *table.insert({.bytes = 0x3000, .handle = 1});
  const Word b = *table.insert({.bytes = 1, .handle = 2});
  const Word c = *table.insert({.bytes = 0x5000, .handle = 3});
  CHECK(a == RegionTable::low);
  CHECK(b == a + 0x4000);
  CHECK(c == b + 0x2000);
  CHECK(table.find(a - 1) == nullptr);
  CHECK(table.find(a)->handle == 1);
  CHECK(table.find(a + 0x2fff)->handle == 1);
  CHECK(table.find(a + 0x3000) == nullptr);
  CHECK(table.find(b + 0xfff)->handle == 2);
  CHECK(table.find(b + 0x1000) == nullptr);
  CHECK(table.remove(b)->handle == 2);
  CHECK(table.find(b) == nullptr);
  // Too large for the gap: behind the last one.
  CHECK(*table.insert({.bytes = 0x2000}) == c + 0x6000);
  CHECK(*table.insert({.bytes = 0x1000}) == b);
}

TEST_CASE("regions: errors") {
  RegionTable table;
  CHECK(table.insert({.bytes = 0}).error() == mica::Error::bad_argument);
  CHECK(table.insert({.bytes = ~Word{0}}).error() == mica::Error::bad_argument);
  CHECK(table.insert({.bytes = RegionTable::high - RegionTable::low + 1}).error() == mica::Error::bad_argument);
  CHECK(table.remove(RegionTable::low).error() == mica::Error::not_found);
  CHECK(table.insert({.bytes = 0x2000, .handle = 0, .offset = ~Word{0xfff}}).error() == mica::Error::bad_argument);
  const Word all = *table.insert({.bytes = RegionTable::high - RegionTable::low});
  CHECK(table.insert({.bytes = 1}).error() == mica::Error::no_room);
  CHECK(table.remove(all + 0x1000).error() == mica::Error::not_found);
  CHECK(table.remove(all).ok());
  for (std::size_t i = 0; i < RegionTable::most; ++i) REQUIRE(table.insert({.bytes = 1}).ok());
  CHECK(table.insert({.bytes = 1}).error() == mica::Error::no_room);
}

TEST_CASE("regions: as a map does it, at random") {
  RegionTable table;
  std::map<Word, Word> model;  // start: end
  std::mt19937 random(7);
  for (int step = 0; step < 20000; ++step) {
    if (random() % 2 != 0 && model.size() < RegionTable::most) {
      const Word bytes = (random() % 9 + 1) * 0x1000;
      const Word start = *table.insert({.bytes = bytes});
      const auto behind = model.lower_bound(start);
      if (behind != model.end()) REQUIRE(start + bytes + 0x1000 <= behind->first);
      if (behind != model.begin()) REQUIRE(std::prev(behind)->second + 0x1000 <= start);
      model[start] = start + bytes;
    } else if (!model.empty()) {
      auto chosen = model.begin();
      std::advance(chosen, random() % model.size());
      REQUIRE(table.remove(chosen->first)->bytes == chosen->second - chosen->first);
      model.erase(chosen);
    }
    const Word address = RegionTable::low + random() % 0x400000;
    const auto above = model.upper_bound(address);
    const bool inside = above != model.begin() && address < std::prev(above)->second;
    REQUIRE((table.find(address) != nullptr) == inside);
  }
  CHECK(table.size() == model.size());
}
