// SPDX-License-Identifier: MIT
// The page frames of a pager: all its blocks lie one behind the other in a window of its
// space, and a frame is known by its place in there, so that notes about frames stay true
// when the next incarnation has mapped the same blocks again. Free frames are filled with zeros.
// Pure but for the memory that it is about.
#pragma once

#include <cstdint>

namespace paging {

using Word = unsigned long;
using Frame = std::uint32_t;  // 0 is none: the first one is never given

inline constexpr Word page_size = 0x1000;
inline constexpr unsigned words_per_page = page_size / sizeof(Word);

// With moves of words: a string instruction counts each of its steps.
inline void clear_page(Word address) {
  Word words = words_per_page;
  asm volatile("rep stosq" : "+D"(address), "+c"(words) : "a"(0) : "memory");
}

inline void copy_page(Word to, Word from) {
  Word words = words_per_page;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

class Frames {
 public:
  constexpr Frames() = default;
  constexpr explicit Frames(Word window) : window_(window) {}

  Word address(Frame frame) const { return window_ + frame * page_size; }

  // There are `count` more frames, filled with zeros, behind those that there are.
  void add(Word count) { end_ += static_cast<Frame>(count); }
  Frame end() const { return end_; }

  // A frame filled with zeros; 0 if there is no free one.
  [[gnu::always_inline]] Frame take() {
    if (free_ != 0) {
      const Frame frame = free_;
      auto& link = *reinterpret_cast<Word*>(address(frame));
      free_ = static_cast<Frame>(link);
      link = 0;
      --free_count_;
      return frame;
    }
    if (fresh_ + 1 >= end_) return 0;
    return ++fresh_;
  }

  // Nobody uses the frame any more or has it mapped.
  void give(Frame frame) {
    clear_page(address(frame));
    *reinterpret_cast<Word*>(address(frame)) = free_;
    free_ = frame;
    ++free_count_;
  }

  Word free_count() const { return free_count_ + (fresh_ + 1 < end_ ? end_ - 1 - fresh_ : 0); }

  // After a restart: no frame is fresh; the caller gives those that are free.
  void take_all() { fresh_ = end_ == 0 ? 0 : end_ - 1; }

 private:
  Word window_ = 0;
  Frame fresh_ = 0, end_ = 0;  // those behind fresh_ have never been given
  Frame free_ = 0;             // each links to the next by its first word
  Word free_count_ = 0;
};

}  // namespace paging
