// SPDX-License-Identifier: MIT
// Asks a server with fibers for several things at once, and says what comes when.
#include <mica/connection.h>
#include <mica/regions.h>
#include <runtime/program.h>

#include "waiting.h"

namespace {

using mica::Error;
using mica::Word;

constinit bool failed = false;
constinit volatile unsigned done = 0;

l4::ThreadId server() {
  const auto found = mica::call<mica::Root::find>(mica::root_server(), mica::Name("front"));
  if (!found) runtime::panic("there is no server");
  return *found;
}

void check(bool holds, const char* what) {
  runtime::print("client: {}{}\n", holds ? "" : "not so: ", what);
  failed = failed || !holds;
}

void wait_until(unsigned n) {
  while (done < n) L4_Sleep(L4_TimePeriod(1000));
}

void hear(Word) {
  const auto heard = mica::call<Waiting::hear>(server(), ~Word{0});
  check(heard && *heard == 1, "I hear the bell");
  done = done + 1;
}

void sleep(Word) {
  check(mica::call<Waiting::after>(server(), Word{40'000}).ok(), "40 ms are over");
  done = done + 1;
}

void pass_on(Word) {
  check(mica::call<Waiting::pass_on>(server(), Word{20'000}).ok(), "the other server has answered after 20 ms");
  done = done + 1;
}

void several_at_once() {
  for (const mica::ThreadFunction function : {hear, sleep, pass_on}) {
    if (!mica::start_thread(function, 0)) runtime::panic("no thread");
  }
  while (mica::call<Waiting::waiting>(server()).value_or(0) < 3) L4_Sleep(L4_TimePeriod(1000));
  check(done == 0, "three wait, and the server answers me");
  check(mica::call<Waiting::hear>(server(), Word{2'000}).error() == Error::busy, "nobody rings within 2 ms");
  wait_until(2);
  check(mica::call<Waiting::ring>(server()).ok(), "I ring");
  wait_until(3);
  check(mica::call<Waiting::waiting>(server()).value_or(9) == 0, "nobody waits any more");
}

}  // namespace

int main() {
  several_at_once();
  // The answer of a fiber that needs a little, and of one that runs into the page below its stack.
  check(mica::call<Waiting::deep>(server(), Word{20}).value_or(0) == 20, "20 calls fit a stack");
  check(mica::call<Waiting::deep>(server(), Word{100'000}).error() == Error::gone, "100000 do not: the server is gone");
  mica::Connection<Waiting> again("front");
  check(again.call_again<Waiting::waiting>().value_or(9) == 0, "the next one serves");
  return failed ? 1 : 0;
}
