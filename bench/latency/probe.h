// SPDX-License-Identifier: MIT
// The handler of the clock's interrupt, and what it sees while something goes on.
#pragma once

#include "../lib/mark.h"
#include "../lib/report.h"
#include "../lib/ticks.h"
#include "rtc.h"

namespace bench {

inline constexpr l4::Word work_priority = 50, helper_priority = 60;

// Starts the handler in a space of its own, with the highest priority, lets the clock
// run, and finds out its phase. Gives the caller `work_priority`.
void start_probe();

// What the handler sees is for the row to come until take_row(): between two calls only
// the interrupts that are raised between open_window() and close_window() are.
void open_window();
void close_window();

// Waits, with no interrupt in between, until the next one is `lead` ticks away.
void wait_for_phase(l4::Word lead);

// Adds the row, and prints for people where its worst sample was. `length`: of an
// operation.
void take_row(unsigned mark, const Row& row, l4::Word length);

// Where in an operation of the length that the last round had (0: not known yet) the
// interrupt is to come in `round`: in even ones anywhere from its begin on, in odd ones
// in front of its end, closer each time.
l4::Word lead_of(unsigned round, l4::Word length);

// One row: so many times `prepare`, and `operation` in a window, with a mark of that
// number. Both are called with the number of the round.
template <unsigned mark, class Prepare, class Operation>
void measure_latency(const char* name, unsigned rounds, Prepare prepare, Operation operation) {
  l4::Word length = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    prepare(round);
    wait_for_phase(lead_of(round, length));
    open_window();
    mark_open<mark>();
    const l4::Word start = ticks();
    operation(round);
    length = ticks() - start;
    mark_close<mark>();
    close_window();
  }
  take_row(mark, {"latency", name, 5500, 0, true}, length);
}

}  // namespace bench
