// SPDX-License-Identifier: MIT
// How figures are taken.
//
// rounds: a function that does the thing so many times in a loop of its own and
// returns the ticks around that loop. One sample is a whole batch divided by its
// rounds, so the loop's own instructions (counting, checking results) are in the
// figure. What a batch costs besides its rounds - reading the counter, getting into
// the loop - is found by taking batches of two sizes and is subtracted. After the
// samples one more batch runs between marks for bench/scope. The very first time of all,
// with cold caches and first faults, is kept apart; the way into the loop is in it.
//
// once: a function that does the thing one time and returns its ticks, of which
// two readings of the counter are subtracted. It sets the marks for bench/scope
// itself, outside of its ticks.
#pragma once

#include "mark.h"
#include "report.h"
#include "ticks.h"

namespace bench {

inline constexpr unsigned batch_rounds = 64, batches = 15;

inline l4::Word minus(l4::Word a, l4::Word b) { return a > b ? a - b : 0; }

// One copy of the loop for all sizes.
template <class Rounds>
[[gnu::noinline, gnu::noclone]] l4::Word run_batch(Rounds& rounds, unsigned size) {
  return rounds(size);
}

template <unsigned mark, class Rounds>
[[gnu::noinline]] void measure_rounds(const Row& row, Rounds rounds) {
  Samples small, large, samples;
  samples.set_first(run_batch(rounds, 1));
  run_batch(rounds, batch_rounds);
  for (unsigned i = 0; i < batches; ++i) {
    small.add(run_batch(rounds, batch_rounds), 1);
    large.add(run_batch(rounds, 2 * batch_rounds), 1);
  }
  const l4::Word besides = minus(2 * small.median(), large.median()) / 100;
  for (unsigned i = 0; i < batches; ++i) {
    samples.add(minus(run_batch(rounds, batch_rounds), besides), batch_rounds);
  }
  mark_open<mark>();
  run_batch(rounds, batch_rounds);
  mark_close<mark>();
  add_row(row, mark, samples);
}

template <class Once>
[[gnu::noinline]] void measure_once(const Row& row, unsigned mark, Once once, l4::Word divided_by = 1,
                                    unsigned times = batches) {
  const l4::Word besides = empty_ticks();
  Samples samples;
  samples.set_first(minus(once(), besides) / divided_by);
  for (unsigned i = 0; i < times; ++i) samples.add(minus(once(), besides), divided_by);
  add_row(row, mark, samples);
}

}  // namespace bench
