// SPDX-License-Identifier: MIT
// What a row's samples come to.
#pragma once

#include <l4/l4.hpp>

namespace bench {

// Values in hundredths. Of n samples in order, a quantile q is the one of rank ceil(q * n).
struct Summary {
  l4::Word min = 0, q1 = 0, median = 0, q3 = 0, p99 = 0, max = 0, mean = 0, stddev = 0;
  l4::Word rounds = 0;  // how often the thing was done for them
  l4::Word first = 0;   // the cold one, before all samples
  bool has_first = false;
};

// Of `count` samples in order, each of which stands for `unit` hundredths.
Summary summarize(const l4::Word* sorted, unsigned count, l4::Word rounds, l4::Word unit = 1);

// The times of one row, each divided by the number of rounds that it was for.
class Samples {
 public:
  static constexpr unsigned capacity = 64;

  void add(l4::Word ticks, l4::Word rounds);
  // How long it took the very first time.
  void set_first(l4::Word ticks) {
    first_ = ticks * 100;
    has_first_ = true;
  }
  // In hundredths of a tick.
  l4::Word median() const { return summary().median; }
  Summary summary() const;

 private:
  l4::Word sorted_[capacity] = {};
  unsigned count_ = 0;
  l4::Word rounds_ = 0;
  l4::Word first_ = 0;
  bool has_first_ = false;
};

}  // namespace bench
