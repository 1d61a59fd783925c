// SPDX-License-Identifier: MIT
// What the timer service has pending.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include <servers/shell/seconds.h>
#include <servers/timer/share.h>

using mica::Error;
using mica::Word;
using timer::Deadline;
using timer::Deadlines;
using timer::Entry;
using timer::Pending;
using timer::Share;

namespace {

constexpr mica::TaskId task(7, 3);

mica::Result<void> sleep(Share& share, Pending& pending, unsigned thread, Word until) {
  share.awake(pending, task.thread(thread));
  return share.sleep(pending, task, task.thread(thread), until);
}

}  // namespace

TEST_CASE("timer: deadlines come in order, whatever is taken out before") {
  std::mt19937 random(1);
  std::vector<Deadline> all(200);
  Deadlines<200> deadlines;
  for (unsigned round = 0; round < 20; ++round) {
    for (Deadline& d : all) {
      if (d.pending()) continue;
      d.at = random() % 50;
      deadlines.add(d);
    }
    CHECK(deadlines.size() == all.size());
    for (unsigned i = 0; i < 70; ++i) deadlines.remove(all[random() % all.size()]);
    std::uint64_t last = 0;
    for (unsigned i = 0; i < 60; ++i) {
      Deadline* const first = deadlines.first();
      REQUIRE(first != nullptr);
      CHECK(first->at >= last);
      for (const Deadline& d : all) CHECK((!d.pending() || d.at >= first->at));
      last = first->at;
      deadlines.remove(*first);
    }
  }
  for (Deadline& d : all) deadlines.remove(d);
  CHECK(deadlines.first() == nullptr);
  CHECK(deadlines.size() == 0);
}

TEST_CASE("timer: a thread has one sleep, a task its places") {
  Pending pending;
  Share share;
  CHECK(sleep(share, pending, 0, 100).ok());
  CHECK(sleep(share, pending, 0, 50).ok());
  CHECK(pending.size() == 1);
  CHECK(pending.first()->at == 50);
  for (unsigned n = 1; n < mica::Timer::per_task; ++n) CHECK(sleep(share, pending, n, 100 + n).ok());
  CHECK(sleep(share, pending, 40, 100).error() == Error::no_room);
  CHECK(share.set(pending, task, 100, 0).error() == Error::no_room);
  // Another task has its own.
  Share other;
  CHECK(other.set(pending, task, 10, 0).ok());
  CHECK(pending.first()->at == 10);
  share.drop_all(pending);
  CHECK(pending.size() == 1);
  CHECK(share.set(pending, task, 100, 0).ok());
}

TEST_CASE("timer: a thread that asks for something waits for nothing else") {
  Pending pending;
  Share share;
  Entry& alarm = *share.alarm(*share.set(pending, task, 1000, 300));
  alarm.waiter = task.thread(1);
  CHECK(sleep(share, pending, 2, 50).ok());
  share.awake(pending, task.thread(1));
  CHECK(alarm.waiter.is_nil());
  CHECK(alarm.pending());
  CHECK(pending.size() == 2);
  share.awake(pending, task.thread(2));
  CHECK(pending.size() == 1);
}

TEST_CASE("timer: numbers of alarms are those that were given") {
  Pending pending;
  Share share;
  CHECK(sleep(share, pending, 0, 100).ok());
  const Word number = *share.set(pending, task, 200, 0);
  REQUIRE(share.alarm(number) != nullptr);
  for (Word n = 0; n < 100; ++n) CHECK((share.alarm(n) != nullptr) == (n == number));
  CHECK(share.alarm(~Word{0}) == nullptr);
  Share::drop(pending, *share.alarm(number));
  CHECK(share.alarm(number) == nullptr);
}

TEST_CASE("timer: an alarm that nobody waits for counts, at its own pace") {
  Pending pending;
  Share share;
  Entry& alarm = *share.alarm(*share.set(pending, task, 1000, 300));
  CHECK(timer::take(alarm).is_later());
  timer::ring(pending, alarm, 1000);
  CHECK(alarm.at == 1300);
  timer::ring(pending, alarm, 2250);  // 1300, 1600, 1900, 2200
  CHECK(alarm.at == 2500);
  CHECK(pending.first() == &alarm);
  CHECK(*timer::take(alarm) == 5);
  CHECK(timer::take(alarm).is_later());
}

TEST_CASE("timer: an alarm without a period rings once and is told once") {
  Pending pending;
  Share share;
  Entry& alarm = *share.alarm(*share.set(pending, task, 1000, 0));
  timer::ring(pending, alarm, 5000);
  CHECK(pending.size() == 0);
  CHECK(*timer::take(alarm) == 1);
  CHECK(timer::take(alarm).error() == Error::ended);
  CHECK(timer::take(alarm).error() == Error::ended);
}

TEST_CASE("timer: periods to wait are never too long and soon exact") {
  for (const Word left : {Word{0}, Word{1}, Word{1023}, Word{1024}, Word{1025}, Word{999'999}, Word{123'456'789'012},
                          Word{1} << 41, Word{1} << 60}) {
    CAPTURE(left);
    Word rest = left;
    for (unsigned steps = 0; rest > 0; ++steps) {
      const L4_Time_t time = timer::not_longer(rest);
      const Word period = Word{time.raw & 1023u} << (time.raw >> 10);
      REQUIRE(period > 0);
      REQUIRE(period <= rest);
      if (rest >> 41 != 0) break;  // longer than can be written
      rest -= period;
      REQUIRE(steps < 5);
    }
  }
  CHECK(timer::not_longer(0).raw == L4_ZeroTime.raw);
}

TEST_CASE("timer: seconds as they are written") {
  CHECK(shell::microseconds("2") == 2'000'000);
  CHECK(shell::microseconds("0.5") == 500'000);
  CHECK(shell::microseconds(".25") == 250'000);
  CHECK(shell::microseconds("1.") == 1'000'000);
  CHECK(shell::microseconds("0.1234567891234567890123") == 123'456);
  CHECK(shell::microseconds("999999999") == 999'999'999'000'000);
  for (const char* const text : {"", ".", "1.2.3", "-1", "1s", "1000000000", "2 "}) {
    CAPTURE(text);
    CHECK_FALSE(shell::microseconds(text).has_value());
  }
}
