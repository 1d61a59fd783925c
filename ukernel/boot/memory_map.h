// SPDX-License-Identifier: MIT
// Arithmetic on ranges of physical memory: firmware's map made disjoint, and
// the free memory that places are taken from.
#pragma once

#include <optional>
#include <span>

#include "fixed_vector.h"

namespace mica {

struct Range {
  u64 low = 0, high = 0;  // high is exclusive

  constexpr bool operator==(const Range&) const = default;
  constexpr u64 size() const { return high - low; }
  constexpr bool empty() const { return high <= low; }
  constexpr bool overlaps(Range o) const { return low < o.high && o.low < high; }
  constexpr bool contains(Range o) const { return low <= o.low && o.high <= high; }
  // The smallest range of whole pages around it, the largest inside it.
  constexpr Range pages_around() const { return {low & ~(page_size - 1), round_up(high)}; }
  constexpr Range pages_inside() const { return {round_up(low), high & ~(page_size - 1)}; }

  static constexpr u64 round_up(u64 value) {
    return value > ~u64{0} - (page_size - 1) ? ~(page_size - 1) : (value + page_size - 1) & ~(page_size - 1);
  }
};

// A region of firmware's map, with firmware's number for its type.
struct Region {
  static constexpr u32 usable = 1;
  Range range;
  u32 type = 0;
  constexpr bool operator==(const Region&) const = default;
};

using MemoryMap = FixedVector<Region, 256>;

// Firmware's map, which may overlap and be in any order, as disjoint regions of
// whole pages in ascending order. What is both usable and something else is
// not usable. Regions beyond the capacity are dropped.
MemoryMap normalise(std::span<const Region> regions);

class FreeMemory {
 public:
  void add(Range range);
  void remove(Range range);
  // The highest place for `size` bytes whose start is a multiple of `align`,
  // below `limit`; it is removed.
  [[nodiscard]] std::optional<u64> take_highest(u64 size, u64 align, u64 limit = ~u64{0});
  // The size of the largest free range once its start is aligned.
  u64 largest(u64 align) const;
  std::span<const Range> ranges() const { return ranges_.view(); }

 private:
  FixedVector<Range, 512> ranges_;
};

}  // namespace mica
