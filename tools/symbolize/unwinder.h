// SPDX-License-Identifier: MIT
// Which of a crash report's frames are the callers. The report has every word of the stack that
// points behind a call, in the order of their addresses; of these, the size of each caller's
// frame picks the next.
#pragma once

#include "crash_lines.h"

namespace symbolize {

class Unwinder {
 public:
  enum class Verdict {
    caller,   // or the instruction itself
    stale,    // left over from an earlier call
    unknown,  // no longer to be told apart: a caller is not described
  };

  void begin(const FrameTable& table) {
    table_ = &table;
    next_.reset();
    lost_ = true;
  }
  Verdict judge(const Frame& frame);

 private:
  void step(Address ip, Address behind);

  const FrameTable* table_ = nullptr;
  std::optional<Address> next_;  // where the return address of the last caller stands
  bool lost_ = true;
};

}  // namespace symbolize
