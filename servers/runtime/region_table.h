// SPDX-License-Identifier: MIT
// Which dataspace is at which addresses of a task. Pure: a sorted table without gaps, with
// at least one page that belongs to nothing before and behind each region.
#pragma once

#include <array>

#include <mica/result.h>

namespace runtime {

struct Region {
  mica::Word start = 0, bytes = 0;
  mica::Word handle = 0, offset = 0;  // of the dataspace
  unsigned pager = 0;                 // whose
  mica::Word rights = 0;
  mica::Word end() const { return start + bytes; }
};

class RegionTable {
 public:
  using Word = mica::Word;
  static constexpr std::size_t most = 128;
  static constexpr Word page_size = 0x1000;
  static constexpr Word low = Word{1} << 36, high = Word{1} << 40;

  // Gives the region the lowest addresses that are free; its start is not looked at. Errors:
  // bad_argument (no bytes, or bytes that no dataspace can have), no_room.
  mica::Result<Word> insert(Region region) {
    region.bytes = (region.bytes + page_size - 1) & ~(page_size - 1);
    if (region.bytes == 0 || region.bytes > high - low) return mica::Error::bad_argument;
    if (region.offset > ~Word{0} - region.bytes) return mica::Error::bad_argument;
    if (count_ == most) return mica::Error::no_room;
    std::size_t place = 0;
    region.start = low;
    while (place < count_ && regions_[place].start < region.end() + page_size) {
      region.start = regions_[place++].end() + page_size;
    }
    if (region.end() > high) return mica::Error::no_room;
    for (std::size_t i = count_++; i > place; --i) regions_[i] = regions_[i - 1];
    regions_[place] = region;
    return region.start;
  }

  // Null: nothing is there.
  const Region* find(Word address) const {
    std::size_t from = 0, to = count_;
    while (from < to) {
      const std::size_t middle = (from + to) / 2;
      if (address >= regions_[middle].end()) from = middle + 1;
      else to = middle;
    }
    return from < count_ && address >= regions_[from].start ? &regions_[from] : nullptr;
  }

  // The region that begins there. not_found.
  mica::Result<Region> remove(Word start) {
    const Region* const found = find(start);
    if (found == nullptr || found->start != start) return mica::Error::not_found;
    const Region region = *found;
    --count_;
    for (auto i = static_cast<std::size_t>(found - regions_.data()); i < count_; ++i) regions_[i] = regions_[i + 1];
    return region;
  }

  std::size_t size() const { return count_; }

 private:
  std::array<Region, most> regions_{};
  std::size_t count_ = 0;
};

}  // namespace runtime
