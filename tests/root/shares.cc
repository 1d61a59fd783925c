// SPDX-License-Identifier: MIT
// What a task costs others that does nothing but ask.
#include "check.h"

namespace root_test {

namespace {

constexpr Word period = 20 * millisecond;

// How far a server of the same priority gets in a while, in thousandths of what it does alone.
Word share_of_worker(Word alone) {
  const Word rounds = act("worker", Act::spin, period).value_or(0);
  return alone == 0 ? 0 : rounds * 1000 / alone;
}

}  // namespace

void test_shares() {
  const Counts before = counts();
  const Word alone = act("worker", Act::spin, period).value_or(0);
  const auto flooder = spawn("flood");
  const Word flooded = share_of_worker(alone);
  check(flooder.ok() && ask<Root::kill>(*flooder).ok() && ask<Root::wait>(*flooder).ok(),
        "a child asks all the time");
  runtime::print("share beside a task that floods the root server: {} of 1000\n", flooded);
  check(flooded >= 450, "another task has its half of the time");

  // One that has no more children than it may, all of which run for ever, ends and makes them without end.
  const l4::ThreadId forker = server("forker");
  check_error(mica::call_within<Subject::act>(l4::Timeouts{L4_TimePeriod(millisecond).raw}, forker, Act::fork,
                                              Word{0}, Word{0})
                  .error(),
              Error::timeout, "a task makes children without end");
  const Word forked = share_of_worker(alone);
  runtime::print("share beside a task and its three children: {} of 1000\n", forked);
  check(forked >= 180, "another task has its fifth of the time");
  check(ask<Root::restart>(Name("forker")).ok() && !server("forker").is_nil(),
        "that is ended, with its children");
  check_same(counts(), before, "and nothing is left");
}

}  // namespace root_test
