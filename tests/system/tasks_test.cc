// SPDX-License-Identifier: MIT
// The tasks system: systems/tasks, whose test task checks the root server's operations. And one of
// servers only.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

TEST_CASE("tasks: what the root server gives and refuses, quotas, restarts, and nothing is lost") {
  const Outcome outcome = Machine().system("tasks").run(120);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK_FALSE(outcome.says("not ok"));
  CHECK(outcome.says("\n0 of "));
  CHECK(outcome.says("root: hang hangs: it has taken no message for "));
  CHECK(outcome.says("\nthis was printed while another task showed the log\n"));
}

TEST_CASE("tasks: a system of servers goes on when one starts again, and ends with the last that is none") {
  const Outcome outcome =
      Machine().kernel({real_kernel, real_sigma0, real_root, BINARIES "/tests/system/servers.tar"}).run(30);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK_FALSE(outcome.says("not ok"));
  CHECK(outcome.says("\n0 of "));
  CHECK(outcome.says("root: the system has ended\n"));
}
