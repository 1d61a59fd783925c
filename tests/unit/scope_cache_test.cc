// SPDX-License-Identifier: MIT
// The microscope's caches and translation buffers (bench/scope/cache_model.h).
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bench/scope/cache_model.h"
#include "bench/scope/machine_model.h"

using namespace scope;

namespace {

// Four sets of two ways, lines of 64 bytes.
constexpr Geometry small = {8, 2, 6};

std::uint64_t in_set(unsigned set, unsigned n) { return (std::uint64_t{n} * 4 + set) * 64; }

Record record_of(std::vector<Instruction> instructions) {
  Record record;
  record.instructions = std::move(instructions);
  return record;
}

}  // namespace

TEST_CASE("microscope, cache: a block is found until others of its set push it out") {
  Cache cache(small);
  CHECK(cache.access(in_set(0, 0)) == Miss::compulsory);
  CHECK(cache.access(in_set(0, 0) + 63) == Miss::none);
  CHECK(cache.access(in_set(0, 1)) == Miss::compulsory);
  CHECK(cache.access(in_set(0, 0)) == Miss::none);  // now the other one is the oldest
  CHECK(cache.access(in_set(0, 2)) == Miss::compulsory);
  CHECK(cache.access(in_set(0, 0)) == Miss::none);
  CHECK(cache.access(in_set(0, 1)) == Miss::conflict);  // eight blocks would fit
  CHECK(cache.access(in_set(1, 0)) == Miss::compulsory);
}

TEST_CASE("microscope, cache: more blocks than there is room for are capacity misses") {
  Cache cache(small);
  for (unsigned i = 0; i < 9; ++i) CHECK(cache.access(i * 64) == Miss::compulsory);
  CHECK(cache.access(0) == Miss::capacity);
  CHECK(cache.access(7 * 64) == Miss::none);
  Cache full({8, 8, 6});  // one set: there are no conflicts
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < 9; ++i) {
      const Miss miss = full.access(i * 64);
      CHECK(miss == (round == 0 ? Miss::compulsory : Miss::capacity));
    }
  }
}

TEST_CASE("microscope, cache: flushing takes the lower blocks, and that is what they miss for") {
  Cache cache(small);
  cache.access(0);
  cache.access(64);
  cache.access(1024);
  cache.flush_below(128);
  CHECK(cache.access(0) == Miss::flushed);
  CHECK(cache.access(0) == Miss::none);
  CHECK(cache.access(1024) == Miss::none);
  CHECK(cache.access(64) == Miss::flushed);
}

TEST_CASE("microscope, cache: a fully associative cache never has a conflict, and misses like a list") {
  Cache cache({16, 16, 6});
  std::vector<std::uint64_t> recent;  // the oldest first
  std::mt19937 random(1);
  for (unsigned i = 0; i < 5000; ++i) {
    const std::uint64_t block = random() % 24;
    const auto found = std::find(recent.begin(), recent.end(), block);
    const bool expected = found != recent.end();
    if (expected) recent.erase(found);
    recent.push_back(block);
    if (recent.size() > 16) recent.erase(recent.begin());
    const Miss miss = cache.access(block * 64);
    REQUIRE((miss == Miss::none) == expected);
    REQUIRE(miss != Miss::conflict);
  }
}

TEST_CASE("microscope, cache: geometries as people write them") {
  Geometry geometry;
  CHECK(parse_cache(geometry, "32K,8,64").empty());
  CHECK(geometry.blocks == 512);
  CHECK(geometry.sets() == 64);
  CHECK(geometry.block_bits == 6);
  CHECK(describe(geometry) == "32 KiB, 8 ways, lines of 64");
  CHECK(parse_tlb(geometry, "1536,12").empty());
  CHECK(describe(geometry) == "1536 entries, 12 ways");
  for (const char* const bad : {"", "32K", "32K,8", "32K,0,64", "32K,8,63", "32K,8,8", "33K,8,64",
                                "32K,8,64,1", "x,8,64", "64,2048,64", "100,1,64", "1000000M,1,64"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_cache(geometry, bad).empty());
  }
  for (const char* const bad : {"", "64", "64,0", "60,4", "4,8"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_tlb(geometry, bad).empty());
  }
  CHECK(describe(geometry) == "1536 entries, 12 ways");  // what is refused changes nothing
  MachineOptions options;
  CHECK(set_option(options, "l2", "1M,16,64").empty());
  CHECK(options.geometry[l2].ways == 16);
  CHECK_FALSE(set_option(options, "l3", "1M,16,64").empty());
  CHECK_FALSE(set_option(options, "global", "perhaps").empty());
}

TEST_CASE("microscope, machine: code and data share L2 by physical address; two lines are two accesses") {
  const Record record =
      record_of({{.address = 0xffff'8000'0000'003e, .physical = 0x103e, .size = 4, .side = kernel}});
  const Trace trace = {
      {.instruction = 0},
      {.address = 0x5000, .physical = 0x1000, .instruction = 0, .what = Event::load, .bytes = 8},
      {.address = 0x9000, .instruction = 0, .what = Event::store, .bytes = 1, .device = true}};
  const Misses misses = simulate(record, trace, {});
  const Counts& cold = misses.cold.counts;
  CHECK(cold[l1i].accesses == 2);
  CHECK(cold[l1i].misses() == 2);
  CHECK(cold[l1d].accesses == 1);  // the device is not cached
  CHECK(cold[l2].accesses == 3);
  CHECK(cold[l2].misses() == 2);
  CHECK(cold[itlb].misses() == 1);
  CHECK(cold[dtlb].misses() == 1);
  CHECK(misses.warm.counts[l1i].misses() == 0);
  CHECK(misses.warm.misses.empty());
  CHECK(simulate(record, {}, {}).cold.counts[l1i].accesses == 0);
}
