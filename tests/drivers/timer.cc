// SPDX-License-Identifier: MIT
// The timer service.
#include <mica/timer.h>
#include <runtime/threads.h>

#include "check.h"

namespace drivers_test {

namespace {

using mica::Timer;

constexpr Word ms = 1000;
constexpr unsigned sleepers = 3;

Word now() { return L4_SystemClock().raw; }
l4::ThreadId timer() { return server("timer"); }

alignas(16) std::byte stacks[sleepers][2048];
volatile Word woken[sleepers];          // when
volatile unsigned order[sleepers], count = 0;  // who, in order

// Sleeps 30, 20, 10 ms.
void sleep_and_note(Word n) {
  (void)mica::call<Timer::sleep>(timer(), (sleepers - n) * 10 * ms);
  woken[n] = now();
  order[count] = static_cast<unsigned>(n);
  count = count + 1;
  for (;;) L4_Sleep(L4_Never);
}

// Takes all of its places; the end comes from outside.
int hoard() {
  for (unsigned i = 0; i < Timer::per_task; ++i) {
    if (!mica::call<Timer::set>(timer(), now(), Timer::shortest_period)) return 1;
  }
  return mica::call<Timer::set>(timer(), now(), Word{0}).error() == Error::no_room ? 0 : 2;
}

void test_sleep() {
  for (const Word time : {Word{1}, ms, 10 * ms, 123'457 * Word{1}}) {
    const Word before = now();
    const auto slept = mica::call<Timer::sleep>(timer(), time);
    const Word passed = now() - before;
    if (!check(slept.ok() && passed >= time && passed < time + 5 * ms, "a sleep is as long as it was asked to be")) {
      runtime::print("# {} of {}\n", passed, time);
    }
  }
  check(mica::call<Timer::sleep>(timer(), Word{0}).ok(), "a sleep of nothing is over at once");
  check(mica::call<Timer::sleep>(timer(), Timer::longest + 1).error() == Error::bad_argument, "one of ages is refused");
  const auto time = mica::call<Timer::now>(timer());
  check(time.ok() && *time <= now(), "the service knows the time");
}

void test_sleepers() {
  const Word before = now();
  for (unsigned n = 0; n < sleepers; ++n) {
    if (!runtime::start_task_thread(sleep_and_note, n, stacks[n])) check(false, "a thread is started");
  }
  (void)mica::call<Timer::sleep>(timer(), 50 * ms);
  check(count == sleepers && order[0] == 2 && order[1] == 1 && order[2] == 0, "several sleep at a time");
  bool in_time = true;
  for (unsigned n = 0; n < sleepers; ++n) in_time = in_time && woken[n] - before >= (sleepers - n) * 10 * ms;
  check(in_time, "each of them long enough");
}

void test_alarms() {
  const Word start = now();
  const auto alarm = mica::call<Timer::set>(timer(), start + 5 * ms, 10 * ms);
  if (!check(alarm.ok(), "an alarm with a period is set")) return;
  const auto first = mica::call<Timer::wait>(timer(), *alarm);
  const Word rung = now() - start;
  check(first.ok() && *first == 1 && rung >= 5 * ms && rung < 10 * ms, "it rings the first time when it was told to");
  (void)mica::call<Timer::sleep>(timer(), 32 * ms);
  const auto missed = mica::call<Timer::wait>(timer(), *alarm);
  check(missed.ok() && *missed == 3, "those that were missed are counted");
  const auto next = mica::call<Timer::wait>(timer(), *alarm);
  check(next.ok() && *next == 1 && now() - start >= 45 * ms, "and it goes on at its own pace");
  const l4::Timeouts soon{L4_TimePeriod(2 * ms).raw};
  check(mica::call_within<Timer::wait>(soon, timer(), *alarm).error() == Error::timeout, "a wait may be given up");
  (void)mica::call<Timer::sleep>(timer(), 10 * ms);
  const auto kept = mica::call<Timer::wait>(timer(), *alarm);
  check(kept.ok() && *kept == 1, "what rings then is told the next time");
  check(mica::call<Timer::cancel>(timer(), *alarm).ok(), "it is cancelled");
  check(mica::call<Timer::wait>(timer(), *alarm).error() == Error::not_found, "and there is none any more");
  check(mica::call<Timer::cancel>(timer(), Word{12345}).error() == Error::not_found, "nor was there ever this one");
  const auto once = mica::call<Timer::set>(timer(), Word{1}, Word{0});
  check(once.ok() && mica::call<Timer::wait>(timer(), *once).ok() &&
            mica::call<Timer::wait>(timer(), *once).error() == Error::ended,
        "one without a period rings once, at once if its time is over");
  (void)mica::call<Timer::cancel>(timer(), *once);
  check(mica::call<Timer::set>(timer(), Word{1}, Timer::shortest_period - 1).error() == Error::bad_argument &&
            mica::call<Timer::set>(timer(), ~Word{0}, Word{0}).error() == Error::bad_argument,
        "times out of range are refused");
}

// More tasks than the service has sessions, each with all its places and alarms that ring on.
void test_the_dead() {
  constexpr unsigned tasks = 70;
  unsigned good = 0;
  for (unsigned i = 0; i < tasks; ++i) {
    const auto task = task_checks::spawn("drivers_test.elf", "child=hoard", Word{128} << 10);
    if (task_checks::end_of(task).code == 0) ++good;
  }
  check(good == tasks, "each task has places of its own, and the dead are forgotten");
  const Word before = now();
  (void)mica::call<Timer::sleep>(timer(), 10 * ms);
  check(now() - before < 15 * ms, "the service is as quick as before");
}

}  // namespace

int run_timer_child(std::string_view part) { return part == "hoard" ? hoard() : 3; }

void test_timer() {
  test_sleep();
  test_sleepers();
  test_alarms();
  test_the_dead();
}

}  // namespace drivers_test
