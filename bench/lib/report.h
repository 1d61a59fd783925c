// SPDX-License-Identifier: MIT
// The figures of a program: one JSON line for each row, between the lines
// MICA-BENCH-BEGIN and MICA-BENCH-END, and after them a table for people.
#pragma once

#include <string_view>

#include <l4/l4.hpp>

namespace bench {

// A figure's name, what it has to reach, and the best known one; 0 for neither.
struct Row {
  std::string_view suite, name;
  l4::Word target = 0, best = 0;
  bool worst = false;          // the limit is one for the greatest sample, not for the median
  std::string_view unit = {};  // if it is not the clock's
};

// What is printed of a row's samples: values in hundredths.
struct Summary {
  l4::Word min, median, max, rounds;
};

// The times of one row, each divided by the number of rounds that it was for.
class Samples {
 public:
  static constexpr unsigned capacity = 64;

  void add(l4::Word ticks, l4::Word rounds);

  // In hundredths of a tick.
  l4::Word min() const { return sorted_[0]; }
  l4::Word median() const { return sorted_[count_ / 2]; }
  l4::Word max() const { return sorted_[count_ - 1]; }
  l4::Word rounds() const { return rounds_; }
  Summary summary() const { return {min(), median(), max(), rounds()}; }

 private:
  l4::Word sorted_[capacity] = {};
  unsigned count_ = 0;
  l4::Word rounds_ = 0;
};

// `mark` is the id of the row's window for bench/scope; 0 for none.
void add_row(const Row& row, unsigned mark, const Summary& summary);
inline void add_row(const Row& row, unsigned mark, const Samples& samples) {
  add_row(row, mark, samples.summary());
}
// A figure that is one number and no time: bytes, for example.
inline void add_value(const Row& row, l4::Word value) {
  add_row(row, 0, Summary{value * 100, value * 100, value * 100, 1});
}

// Prints all rows.
void print_report();

}  // namespace bench
