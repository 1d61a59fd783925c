// SPDX-License-Identifier: MIT
// Stride scheduling: who has twice as many tickets gets twice as many slices, and nobody
// waits longer for a slice than its share of tickets makes necessary. Each slice moves its
// owner ahead by its stride, which is the shorter the more tickets it has; the next slice
// is for the one that is least far ahead.
#pragma once

#include <array>

#include <l4/l4.hpp>

namespace scheduler {

struct Job {
  l4::ThreadId thread;
  l4::Word tickets;
  l4::Word position = 0;
  l4::Word slices = 0;
};

template <unsigned count>
class Stride {
 public:
  static constexpr l4::Word circle = 1 << 20;

  std::array<Job, count> jobs;

  Job& next() {
    Job* least = &jobs[0];
    for (Job& job : jobs) {
      if (job.position < least->position) least = &job;
    }
    ++least->slices;
    least->position += circle / least->tickets;
    return *least;
  }
};

}  // namespace scheduler
