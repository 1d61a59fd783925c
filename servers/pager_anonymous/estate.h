// SPDX-License-Identifier: MIT
// What outlives the pager: its notes, in a block of their own, and the frames. A page of a
// dataspace is a frame that its table names; all other frames are free. So the notes that
// count are written last, one word at a time, and whatever an interrupted operation has
// left behind is found by looking through the tables again.
#pragma once

#include <paging/memory.h>
#include <paging/spaces.h>

namespace anonymous {

using paging::Frame;
using paging::Frames;
using paging::Word;

struct Estate {
  static constexpr Word right_mark = 0x616e'6f6e'796d'0001;  // changes with the layout
  static constexpr unsigned order = 15;

  Word mark = 0, bytes = 0;
  paging::Spaces spaces;
  std::uint32_t blocks[paging::most_blocks] = {};

  bool sound() const { return mark == right_mark && bytes == sizeof(Estate); }
  void begin() {
    bytes = sizeof(Estate);
    mark = right_mark;
  }
};
static_assert(sizeof(Estate) <= Word{1} << Estate::order);

// Which frames some table names: a bit for each.
class Used {
 public:
  // False: it is no frame of the pager's, or named already.
  bool claim(Frame frame, Frame end) {
    if (frame == 0 || frame >= end || has(frame)) return false;
    bits_[frame / 64] |= Word{1} << frame % 64;
    return true;
  }
  bool has(Frame frame) const { return (bits_[frame / 64] >> frame % 64 & 1) != 0; }

 private:
  std::array<Word, paging::most_blocks * paging::frames_per_block / 64> bits_{};
};

// Goes through the notes of an earlier incarnation whose frames are mapped again: what makes no sense is
// left out, and frames that nothing names are free.
inline void recover(paging::Spaces& spaces, Frames& frames, Used& used) {
  const auto claim_or_clear = [&](Frame& entry) {
    if (entry != 0 && !used.claim(entry, frames.end())) entry = 0;
    return entry;
  };
  const auto entries = [&](Frame table) { return reinterpret_cast<Frame*>(frames.address(table)); };
  spaces.validate();
  for (unsigned number = 1; number < paging::Spaces::most; ++number) {
    const Frame directory = claim_or_clear(spaces.at(number).root);
    for (Word i = 0; directory != 0 && i < paging::entries_per_table; ++i) {
      const Frame table = claim_or_clear(entries(directory)[i]);
      for (Word k = 0; table != 0 && k < paging::entries_per_table; ++k) claim_or_clear(entries(table)[k]);
    }
  }
  frames.take_all();
  for (Frame frame = 1; frame < frames.end(); ++frame) {
    if (!used.has(frame)) frames.give(frame);
  }
}

}  // namespace anonymous
