// SPDX-License-Identifier: MIT
// Which page has a frame, which slots of the store are free, and whose turn it is to leave.
// Pure.
//
// The frames are a clock: the hand goes round, a page that was used since it last came by is
// left alone once, the first other one has to go.
#pragma once

#include <array>
#include <optional>

#include <paging/memory.h>
#include <paging/spaces.h>

namespace paging {

// An entry of a page table: a frame, or a slot of the store.
struct Entry {
  static constexpr Frame in_store = Frame{1} << 31;
  static constexpr bool is_slot(Frame entry) { return (entry & in_store) != 0; }
  static constexpr Frame of_slot(Word slot) { return static_cast<Frame>(slot) | in_store; }
  static constexpr Word slot(Frame entry) { return entry & ~in_store; }
};

class Slots {
 public:
  static constexpr Word most = 65536;

  void init(Word count) { free_ = count_ = count < most ? count : most; }
  Word free() const { return free_; }

  std::optional<Word> take() {
    for (Word tries = 0; tries < count_; ++tries) {
      const Word slot = next_;
      next_ = next_ + 1 < count_ ? next_ + 1 : 0;
      Word& bits = used_[slot / 64];
      if ((bits >> slot % 64 & 1) != 0) continue;
      bits |= Word{1} << slot % 64;
      --free_;
      return slot;
    }
    return std::nullopt;
  }
  void give(Word slot) {
    used_[slot / 64] &= ~(Word{1} << slot % 64);
    ++free_;
  }

 private:
  std::array<Word, most / 64> used_{};
  Word count_ = 0, free_ = 0, next_ = 0;
};

class Clock {
 public:
  void set(Frame frame, const Spaces::Page& page) {
    owners_[frame] = static_cast<std::uint32_t>(page.space << page_bits | page.number);
  }
  void clear(Frame frame) { owners_[frame] = 0; }
  Spaces::Page owner(Frame frame) const {
    return {owners_[frame] >> page_bits, owners_[frame] & ((Word{1} << page_bits) - 1), {}};
  }

  // The next frame to leave, of those before `end`; was_used(frame) says whether its page was
  // since it was last asked. None: there are no pages.
  template <typename WasUsed>
  std::optional<Frame> next(Frame end, WasUsed&& was_used) {
    for (Word steps = 0; steps < 2 * Word{end}; ++steps) {
      hand_ = hand_ + 1 < end ? hand_ + 1 : 1;
      if (owners_[hand_] != 0 && (steps >= end || !was_used(hand_))) return hand_;
    }
    return std::nullopt;
  }

 private:
  static constexpr unsigned page_bits = 20;
  static_assert(most_pages == 1u << page_bits && Spaces::most <= 1u << (32 - page_bits));

  // Of each frame: the dataspace's number and the page, 0 if it is none.
  std::array<std::uint32_t, most_blocks * frames_per_block> owners_{};
  Frame hand_ = 0;
};

}  // namespace paging
