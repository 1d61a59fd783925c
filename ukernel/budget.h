// SPDX-License-Identifier: MIT
// The measure of long operations: how much one step of them may do (work.h).
#pragma once

#include <step.h>

#include "types.h"

namespace mica {

// What a step may cost, in instructions, roughly.
class Budget {
 public:
  static constexpr const i64& step = instructions_a_step;

  explicit Budget(i64 instructions = step) : left_(instructions) {}
  static Budget unlimited() { return Budget(i64{1} << 62); }
  void spend(i64 instructions) { left_ -= instructions; }
  bool used_up() const { return left_ <= 0; }
  bool fits(i64 instructions) const { return left_ >= instructions; }
  // How often something of this cost still fits, but once in any case.
  u64 times(i64 cost) const { return left_ < cost ? 1 : static_cast<u64>(left_ / cost); }

 private:
  i64 left_;
};

// How a step ended: there is more to do, or it was the last one.
enum class [[nodiscard]] Progress : bool { more, done };

}  // namespace mica
