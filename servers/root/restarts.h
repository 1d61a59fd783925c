// SPDX-License-Identifier: MIT
// When a task was started again, and whether that may happen once more. Pure.
#pragma once

#include <array>

#include "manifest.h"

namespace root {

class Restarts {
 public:
  // At this time, in microseconds.
  bool allowed(const RestartPolicy& policy, Word now) const {
    if (!policy.always) return false;
    if (policy.limit == 0 || count_ < policy.limit) return true;
    return now - times_[(count_ - policy.limit) % times_.size()] > policy.window;
  }
  void note(Word now) { times_[count_++ % times_.size()] = now; }

 private:
  // Of the last ones, a ring: a policy's limit is at most its size.
  std::array<Word, 8> times_{};
  Word count_ = 0;
};

}  // namespace root
