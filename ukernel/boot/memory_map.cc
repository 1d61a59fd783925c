// SPDX-License-Identifier: MIT
#include "memory_map.h"

namespace mica {

namespace {

constexpr u64 align_up(u64 value, u64 align) { return (value + align - 1) & ~(align - 1); }

// The type of all bytes of [low, high), no region's edge being inside it; 0 = none.
u32 type_between(std::span<const Region> regions, Range range) {
  u32 type = 0;
  for (const Region& region : regions) {
    if (!region.range.contains(range)) continue;
    if (type == 0 || type == Region::usable || (region.type != Region::usable && region.type > type)) {
      type = region.type;
    }
  }
  return type;
}

}  // namespace

MemoryMap normalise(std::span<const Region> regions) {
  MemoryMap whole_pages;
  FixedVector<u64, 2 * MemoryMap::capacity> edges;
  for (Region region : regions) {
    const bool usable = region.type == Region::usable;
    region.range = usable ? region.range.pages_inside() : region.range.pages_around();
    if (region.type == 0) region.type = 2;  // no type that firmware can mean: reserved
    if (region.range.empty() || !whole_pages.push(region)) continue;
    edges.push(region.range.low);
    edges.push(region.range.high);
  }
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const u64 edge = edges[i];
    std::size_t at = i;
    for (; at > 0 && edges[at - 1] > edge; --at) edges[at] = edges[at - 1];
    edges[at] = edge;
  }
  MemoryMap result;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const Range range{edges[i], edges[i + 1]};
    if (range.empty()) continue;
    const u32 type = type_between(whole_pages.view(), range);
    if (type == 0) continue;
    if (!result.empty()) {
      Region& last = result[result.size() - 1];
      if (last.type == type && last.range.high == range.low) {
        last.range.high = range.high;
        continue;
      }
    }
    result.push({range, type});
  }
  return result;
}

void FreeMemory::add(Range range) {
  if (!range.empty()) ranges_.push(range);
}

void FreeMemory::remove(Range range) {
  if (range.empty()) return;
  for (std::size_t i = 0; i < ranges_.size();) {
    const Range old = ranges_[i];
    if (!old.overlaps(range)) {
      ++i;
      continue;
    }
    const Range below{old.low, range.low}, above{range.high, old.high};
    if (below.empty() && above.empty()) {
      ranges_.remove(i);  // another one is at i now
      continue;
    }
    // Without room for both pieces the smaller is lost: less is free, nothing is wrong.
    const bool below_first = above.empty() || (!below.empty() && below.size() >= above.size());
    ranges_[i] = below_first ? below : above;
    const Range other = below_first ? above : below;
    if (!other.empty()) ranges_.push(other);
    ++i;
  }
}

std::optional<u64> FreeMemory::take_highest(u64 size, u64 align, u64 limit) {
  std::optional<u64> best;
  for (const Range& range : ranges_) {
    const u64 high = range.high < limit ? range.high : limit;
    if (high < size || range.low > high - size) continue;
    const u64 start = (high - size) & ~(align - 1);
    if (start < range.low) continue;
    if (!best || start > *best) best = start;
  }
  if (best) remove({*best, *best + size});
  return best;
}

u64 FreeMemory::largest(u64 align) const {
  u64 size = 0;
  for (const Range& range : ranges_) {
    const u64 low = align_up(range.low, align), high = range.high & ~(align - 1);
    if (low < high && high - low > size) size = high - low;
  }
  return size;
}

}  // namespace mica
