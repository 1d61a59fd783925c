// SPDX-License-Identifier: MIT
// The memory system: systems/memory, whose test task checks the pagers and its region mapper.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

TEST_CASE("memory: pagers, sharing, quotas, forged handles, a heap, and a pager replaced while clients run") {
  const Outcome outcome = Machine().system("memory").run(120);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK_FALSE(outcome.says("not ok"));
  CHECK(outcome.says("\n0 of "));
  // Where a thread came to grief, in the form that is turned into lines of source.
  CHECK(outcome.says("crash: memory_test.elf (program memory_test.elf) thread "));
  CHECK(outcome.says(": write at 0x"));
  CHECK(outcome.says(": jump at 0x123450, address 0x123450"));
  CHECK(outcome.says("crash:   frame 0x123450\n"));
  CHECK(outcome.says("panic: what is freed is no block of the heap"));
}

TEST_CASE("memory: the same in real time, where a pager may be ended at any moment") {
  for (int round = 0; round < 3; ++round) {
    const Outcome outcome = Machine().real_time().system("memory").run(60);
    CAPTURE(outcome.output);
    CHECK(outcome.status == success);
  }
}
