// SPDX-License-Identifier: MIT
// Pseudo-random numbers, by xorshift: the same state has the same sequence on every machine.
#pragma once

#include <l4/l4.hpp>

namespace runtime {

class Random {
 public:
  // Not 0.
  constexpr explicit Random(l4::Word state) : state_(state) {}
  // Seeds that are alike have states that are not.
  static constexpr Random of_seed(l4::Word seed) { return Random(seed * 0x9e37'79b9'7f4a'7c15 | 1); }

  constexpr l4::Word next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  constexpr l4::Word below(l4::Word n) { return next() % n; }

 private:
  l4::Word state_;
};

}  // namespace runtime
