// SPDX-License-Identifier: MIT
// The queue of timeouts: a leftist heap through the TCBs, so that any number of
// them costs no memory and each step takes logarithmic time, at worst.
#pragma once

#include "cpu.h"

namespace mica {

// Wakes `thread` at `when` by expire_timeout(); it must not be in the queue.
void set_timeout(Cpu& cpu, Thread& thread, Ticks when);
inline bool has_timeout(const Thread& thread) { return thread.heap_rank != 0; }
// Takes it out; it must be in.
void remove_timeout(Cpu& cpu, Thread& thread);
inline void cancel_timeout(Cpu& cpu, Thread& thread) {
  if (has_timeout(thread)) remove_timeout(cpu, thread);
}
// When a timeout that begins now is over; a point in time that the clock has passed
// is one already.
Ticks deadline(Time timeout);
// Zero, or a point that has passed.
bool is_over(Time timeout);

inline Ticks next_timeout(const Cpu& cpu) { return cpu.timeouts ? cpu.timeouts->wakes_at : never; }

}  // namespace mica
