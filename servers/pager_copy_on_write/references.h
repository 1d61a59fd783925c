// SPDX-License-Identifier: MIT
// How many dataspaces have a frame. Pure.
#pragma once

#include <array>

#include <paging/memory.h>

namespace copy_on_write {

class References {
 public:
  using Frame = paging::Frame;
  static constexpr unsigned most = 0xffff;  // for one frame

  void begin(Frame frame) { counts_[frame] = 1; }
  bool shared(Frame frame) const { return counts_[frame] > 1; }
  // False: there are as many as there may be.
  [[nodiscard]] bool add(Frame frame) {
    if (counts_[frame] == most) return false;
    ++counts_[frame];
    return true;
  }
  // True: that was the last one.
  [[nodiscard]] bool drop(Frame frame) { return --counts_[frame] == 0; }

 private:
  std::array<std::uint16_t, paging::most_blocks * paging::frames_per_block> counts_{};
};

}  // namespace copy_on_write
