// SPDX-License-Identifier: MIT
// The figures of a program: one JSON line for each row, between the lines
// MICA-BENCH-BEGIN and MICA-BENCH-END, and after them a table for people.
// docs/benchmarks.md says what the fields are.
#pragma once

#include <string_view>

#include <l4/l4.hpp>

#include "samples.h"

namespace bench {

// A figure's name, what it has to reach, and the best known one; 0 for neither.
struct Row {
  std::string_view suite, name;
  l4::Word target = 0, best = 0;
  bool worst = false;          // the limit is one for the greatest sample, not for the median
  std::string_view unit = {};  // if it is not the clock's
};

// `mark` is the id of the row's window for bench/scope; 0 for none.
void add_row(const Row& row, unsigned mark, const Summary& summary);
inline void add_row(const Row& row, unsigned mark, const Samples& samples) {
  add_row(row, mark, samples.summary());
}
// A figure that is one number and no time: bytes, for example.
inline void add_value(const Row& row, l4::Word value) { add_row(row, 0, summarize(&value, 1, 1, 100)); }

// Prints all rows.
void print_report();

}  // namespace bench
