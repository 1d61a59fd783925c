// SPDX-License-Identifier: MIT
// A server with fibers: systems/waiting, whose client asks for several things at once.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

TEST_CASE("fibers: a server waits for a time, an event and another server at once, and ends alone") {
  const Outcome outcome = Machine().system("waiting").run(60);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK_FALSE(outcome.says("not so"));
  CHECK(outcome.says("client: the other server has answered after 20 ms\nclient: 40 ms are over\n"));
  CHECK(outcome.says("client: I hear the bell\n"));
  // A stack that is used up is a fault in the page below it, not another fiber's data.
  CHECK(outcome.says("crash: front (program waiting_server.elf) thread "));
  CHECK(outcome.says("client: the next one serves\n"));
}
