// SPDX-License-Identifier: MIT
// Caches and translation buffers of one processor, and an iteration's way through them.
//
//   code: ITLB -> STLB -> page walk      L1I -> L2 -> memory
//   data: DTLB -> STLB -> page walk      L1D -> L2 -> memory
//
// Caches are indexed by physical address, translations by virtual. A CR3 write takes away the
// translations of the lower half: those of the upper one are taken for global, and there are
// no PCIDs. What the processor itself reads - page tables, descriptors, the frame of an
// interrupt - is not in it, and INVLPG changes nothing, as its operand is not known.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "cache_model.h"
#include "record.h"

namespace scope {

enum Level : unsigned { l1i, l1d, l2, itlb, dtlb, stlb };
inline constexpr unsigned levels = 6;
inline constexpr const char* level_names[levels] = {"l1i", "l1d", "l2", "itlb", "dtlb", "stlb"};

struct MachineOptions {
  // Intel's "Skylake Client", from Intel's Optimization Reference Manual (248966), cache and
  // TLB parameters; a page of any size counts as pages of 4 KiB.
  Geometry geometry[levels] = {{512, 8, 6},  {512, 8, 6}, {4096, 4, 6},
                               {128, 8, 12}, {64, 4, 12}, {1536, 12, 12}};
  bool global_kernel = true;
};

// One argument "--l1d=32K,8,64" or the like, as name and value. Empty, or what is wrong.
[[nodiscard]] std::string set_option(MachineOptions& options, const std::string& name,
                                     const std::string& value);

struct LevelCounts {
  std::uint64_t accesses = 0;
  std::array<std::uint64_t, miss_kinds> by = {};

  std::uint64_t misses() const { return accesses - by[0]; }
  std::uint64_t of(Miss miss) const { return by[static_cast<unsigned>(miss)]; }
};
using Counts = std::array<LevelCounts, levels>;

struct LevelMiss {
  std::uint32_t step;  // the instruction's place in the iteration
  Level level;
  Miss miss;
};

struct Pass {
  Counts counts = {};
  std::vector<LevelMiss> misses;
};

struct Misses {
  Pass cold, warm;  // from empty caches; the same again, right after itself
};

Misses simulate(const Record& record, std::span<const Event> events, const MachineOptions& options);

}  // namespace scope
