// SPDX-License-Identifier: MIT
// What of a program's address space is there: areas of whole pages with rights, which do not
// overlap but where two segments of its image share a page. Pure.
#pragma once

#include <l4/l4.hpp>
#include <ukernel/boot/memory_map.h>

namespace personality {

using Word = unsigned long;
using mica::Range;

inline constexpr Word page_size = 0x1000;
// Programs live below the pages that the kernel and the root server have in each task.
inline constexpr Range program_range{0x10000, 0xb0000000};

inline constexpr Word round_up(Word bytes) { return Range::round_up(bytes); }

struct Area {
  enum class Kind { image, stack, heap, mapped };
  Range range;
  l4::Rights rights;
  Kind kind = Kind::mapped;
};

class Areas {
 public:
  // False: no room, or not inside program_range. Empty ones are nothing.
  [[nodiscard]] bool add(const Area& area) {
    if (area.range.empty()) return true;
    return program_range.contains(area.range) && areas_.push(area);
  }

  // What all areas at this page allow together; nothing: there is none.
  l4::Rights rights(Word page) const {
    l4::Rights rights = l4::no_access;
    if (page >= program_range.high) return rights;
    for (const Area& area : areas_) {
      if (area.range.contains({page, page + page_size})) rights = rights | area.rights;
    }
    return rights;
  }

  bool free(Range range) const {
    for (const Area& area : areas_) {
      if (area.range.overlaps(range)) return false;
    }
    return program_range.contains(range);
  }

  // The highest place for so many bytes below `limit`; 0: there is none.
  Word find_below(Word limit, Word bytes) const {
    while (limit <= program_range.high && limit >= program_range.low + bytes) {
      const Range range{limit - bytes, limit};
      Word next = limit;
      for (const Area& area : areas_) {
        if (area.range.overlaps(range) && area.range.low < next) next = area.range.low;
      }
      if (next == limit) return range.low;
      limit = next;
    }
    return 0;
  }

  // Takes the range out of what was mapped; other kinds stay. False: a piece is left for
  // which there is no room, and nothing was done.
  [[nodiscard]] bool remove_mapped(Range range) {
    std::size_t more = 0;
    for (const Area& area : areas_) {
      if (area.kind == Area::Kind::mapped && area.range.low < range.low && range.high < area.range.high) ++more;
    }
    if (areas_.size() + more > areas_.capacity) return false;
    for (std::size_t i = areas_.size(); i-- > 0;) {
      const Area area = areas_[i];
      if (area.kind != Area::Kind::mapped || !area.range.overlaps(range)) continue;
      areas_.remove(i);
      if (area.range.low < range.low) (void)areas_.push({{area.range.low, range.low}, area.rights, area.kind});
      if (range.high < area.range.high) (void)areas_.push({{range.high, area.range.high}, area.rights, area.kind});
    }
    return true;
  }

  // The heap's area ends there from now on. False: something else is in the way.
  [[nodiscard]] bool set_heap(Word low, Word high) {
    for (std::size_t i = 0; i < areas_.size(); ++i) {
      if (areas_[i].kind != Area::Kind::heap) continue;
      const Area old = areas_[i];
      areas_.remove(i);
      if (high <= low) return true;
      if (free({low, high})) return areas_.push({{low, high}, old.rights, old.kind});
      (void)areas_.push(old);
      return false;
    }
    return high <= low || (free({low, high}) && areas_.push({{low, high}, l4::read_write, Area::Kind::heap}));
  }

 private:
  mica::FixedVector<Area, 32> areas_;
};

}  // namespace personality
