// SPDX-License-Identifier: MIT
// The clock of the benchmarks is the time-stamp counter. Under QEMU's
// `-accel tcg -icount shift=0` it counts executed instructions, and every figure is
// exact and repeatable; elsewhere it counts cycles of the nominal frequency.
#pragma once

#include <l4/l4.hpp>

namespace bench {

inline l4::Word ticks() {
  l4::Word low, high;
  asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return high << 32 | low;
}

// What two ticks() with nothing between them are apart.
l4::Word empty_ticks();

// Does the counter count instructions? Two loops that differ by 2000 instructions
// then differ by 2000 ticks, each time.
bool counts_instructions();

}  // namespace bench
