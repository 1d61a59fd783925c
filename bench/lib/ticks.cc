// SPDX-License-Identifier: MIT
#include "ticks.h"

namespace bench {

namespace {

l4::Word loop(l4::Word rounds) {
  const l4::Word start = ticks();
  asm volatile("1: decq %0; jnz 1b" : "+r"(rounds) : : "cc");
  return ticks() - start;
}

bool try_once() { return loop(2000) - loop(1000) == 2000; }

}  // namespace

l4::Word empty_ticks() {
  l4::Word least = ~l4::Word{0};
  for (unsigned i = 0; i < 16; ++i) {
    const l4::Word start = ticks();
    const l4::Word distance = ticks() - start;
    if (distance < least) least = distance;
  }
  return least;
}

bool counts_instructions() {
  // One try may be disturbed by an interrupt.
  unsigned good = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if (try_once()) ++good;
  }
  return good >= 6;
}

}  // namespace bench
