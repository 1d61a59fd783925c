// SPDX-License-Identifier: MIT
// The timer service and drivers: systems/drivers, whose test task checks them.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

TEST_CASE("drivers: timer and clock") {
  const Outcome outcome = Machine()
                              .system("drivers")
                              .add({"-rtc", "base=2028-02-28T23:59:58,clock=vm"})
                              .run(120);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK_FALSE(outcome.says("not ok"));
  CHECK(outcome.says("\n0 of "));
  CHECK(outcome.text("date") == "2028-2-28");
  CHECK(outcome.text("then") == "2028-2-29");
}
