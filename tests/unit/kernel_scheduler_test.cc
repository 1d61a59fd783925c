// SPDX-License-Identifier: MIT
// Who runs: priorities, round robin, time slices, donation.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "harness/user.h"
#include "scheduler.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000;

Thread& ready_thread(Thread& t, u8 priority) {
  t.id = ThreadId::global(60, 1);
  t.state = State::ready;
  t.priority = priority;
  return t;
}

u64 slice(u64 microseconds) { return u64{Time::period(microseconds).raw} << 16 | 0xffff; }

}  // namespace

TEST_CASE("ready queues: first in, first out, by priority") {
  const auto cpu = std::make_unique<Cpu>();
  init_scheduler(*cpu, true);
  std::vector<Thread> threads(40);
  CHECK(cpu->ready_top == -1);
  for (u64 i = 0; i < threads.size(); ++i)
    enqueue(*cpu, ready_thread(threads[i], static_cast<u8>(i % 4 * 85)));
  CHECK(cpu->ready_top == 255);
  CHECK(cpu->ready[255] == &threads[3]);
  enqueue(*cpu, threads[3]);  // is queued already
  for (u64 i = 3; i < threads.size(); i += 4) {
    REQUIRE(cpu->ready[255] == &threads[i]);
    dequeue(*cpu, threads[i]);
    CHECK(!is_queued(threads[i]));
  }
  CHECK(cpu->ready_top == 170);
  dequeue(*cpu, threads[3]);  // is in no queue
  enqueue_first(*cpu, ready_thread(threads[3], 170));
  CHECK(cpu->ready[170] == &threads[3]);
  set_priority(*cpu, threads[3], 200);
  CHECK(cpu->ready_top == 200);
  CHECK(cpu->ready[170] == &threads[2]);
  threads[39].stopped = stopped_by::halted;
  enqueue(*cpu, threads[39]);
  CHECK(!is_queued(threads[39]));
  for (Thread& t : threads) dequeue(*cpu, t);
  CHECK(cpu->ready_top == -1);
  for (const u64 bits : cpu->ready_bits) CHECK(bits == 0);
}

TEST_CASE("equals take turns, a slice each") {
  Machine machine;
  std::vector<u64> turns;
  machine.boot([&](User& root) {
    for (u64 n = 1; n <= 3; ++n) {
      REQUIRE(root.create_task(user_thread(n), [&, n](User& user) {
        for (int i = 0; i < 12; ++i) {
          user.spend(1 * ms);
          turns.push_back(n);
        }
      }));
      CHECK(root.schedule(user_thread(n), ~u64{0}, slice(4 * ms)).state == 3);
    }
  });
  machine.run();
  CHECK(turns.size() == 36);
  // The last step of a slice ends in the next turn.
  for (u64 n = 1; n <= 3; ++n) CHECK(std::count(turns.begin(), turns.begin() + 13, n) >= 3);
  u64 changes = 0;
  for (u64 i = 1; i < turns.size(); ++i) changes += turns[i] != turns[i - 1];
  CHECK(changes >= 8);
  CHECK(changes <= 11);
}

TEST_CASE("an infinite slice is never ended by an equal") {
  Machine machine;
  std::vector<u64> order;
  machine.boot([&](User& root) {
    for (u64 n = 1; n <= 2; ++n) {
      REQUIRE(root.create_task(user_thread(n), [&, n](User& user) {
        user.spend(100 * ms);
        order.push_back(n);
      }));
      root.schedule(user_thread(n), ~u64{0}, 0x0000'ffff);
    }
  });
  machine.run();
  CHECK(order == std::vector<u64>{1, 2});
  CHECK(host::clock == 200 * ms);
}

TEST_CASE("the more urgent runs at once, the less urgent when nobody else can") {
  Machine machine;
  std::vector<u64> order;
  machine.boot([&](User& root) {
    for (u64 n = 1; n <= 3; ++n) {
      REQUIRE(root.create_task(user_thread(n), [&, n](User& user) {
        user.receive(ThreadId::any());
        order.push_back(n);
      }));
      root.schedule(user_thread(n), 50 + 10 * n);
    }
    root.receive(root.id(), timed(Time::period(1 * ms)));
    root.schedule(root.id(), 75);  // 2 and 1 are below, 3 above
    for (u64 n = 1; n <= 3; ++n) {
      root.send(user_thread(n));
      order.push_back(100 + n);
    }
  });
  machine.run();
  CHECK(order == std::vector<u64>{101, 102, 3, 103, 2, 1});
}

TEST_CASE("lowering its own priority lets others go first") {
  Machine machine;
  std::vector<u64> order;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User&) { order.push_back(1); }));
    order.push_back(0);
    CHECK(root.schedule(root.id(), 99).state == 3);
    order.push_back(2);
  });
  machine.run();
  CHECK(order == std::vector<u64>{0, 1, 2});
}

TEST_CASE("ThreadSwitch: to one, or to whoever is next") {
  Machine machine;
  std::vector<u64> order;
  machine.boot([&](User& root) {
    for (u64 n = 1; n <= 3; ++n)
      REQUIRE(root.create_task(user_thread(n), [&, n](User& user) {
        order.push_back(n);
        user.thread_switch();
        order.push_back(10 + n);
      }));
    root.thread_switch(user_thread(2));  // far less urgent, on our time
    order.push_back(0);
    root.thread_switch();  // nobody is our equal
    order.push_back(0);
    root.thread_switch(user_thread(9));  // no such thread
    order.push_back(0);
  });
  machine.run();
  CHECK(order == std::vector<u64>{2, 0, 0, 0, 1, 3, 12, 11, 13});
}

TEST_CASE("Schedule: who may, and what it says") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    const ThreadId one = user_thread(1), two = user_thread(2);
    CHECK(root.schedule(one).state == 0);
    CHECK(root.error_code() == 2);
    REQUIRE(root.thread_control(two, two, root.id(), ThreadId::nil()));
    CHECK(root.schedule(two).state == 2);
    REQUIRE(root.create_task(one, [&](User& user) {
      CHECK(user.schedule(user.id()).state == 0);
      CHECK(user.error_code() == 1);
      user.receive(ThreadId::any());
      CHECK(user.schedule(user.id(), 100).state == 3);
      CHECK(user.schedule(user.id(), 101).state == 0);
      CHECK(user.error_code() == 5);
      user.send(two);
    }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    CHECK(root.schedule(one).state == 6);
    REQUIRE(root.thread_control(one, one, one, ThreadId::nil()));  // its own scheduler
    CHECK(root.schedule(one, 256).state == 0);
    CHECK(root.error_code() == 5);
    const ScheduleResult old = root.schedule(one, ~u64{0}, slice(500));
    CHECK((old.time & 0xffff) == Time::never().raw);
    CHECK(Time{static_cast<u16>(old.time >> 16)}.microseconds() <= 10 * ms);
    root.send(one);
    root.receive(root.id(), timed(Time::period(1 * ms)));
    CHECK(root.schedule(one).state == 4);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("what is left of the running thread's slice, and a new one at once") {
  Machine machine;
  bool done = false;
  const auto left = [](User& user) {
    return Time{static_cast<u16>(user.schedule(user.id()).time >> 16)}.microseconds();
  };
  machine.boot([&](User& root) {
    REQUIRE(root.schedule(root.id(), ~u64{0}, slice(800)).state == 3);
    CHECK(left(root) == 800);
    root.spend(300);
    CHECK(left(root) == 500);
    REQUIRE(root.schedule(root.id(), ~u64{0}, slice(900)).state == 3);
    CHECK(left(root) == 900);
    REQUIRE(root.schedule(root.id(), ~u64{0}, 0x0000'ffff).state == 3);
    root.spend(300);
    CHECK((root.schedule(root.id()).time >> 16) == Time::never().raw);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("who is preempted on another's slice has no more left than a slice of its own") {
  Machine machine;
  u64 second_at = 0, told = 0;
  const ThreadId one = user_thread(1), two = user_thread(2), three = user_thread(3);
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(one, [](User& user) { user.spend(20 * ms); }));
    REQUIRE(root.create_task(two, [&](User& user) { second_at = user.system_clock(); }));
    for (const ThreadId id : {one, two}) root.schedule(id, ~u64{0}, slice(3 * ms));
    REQUIRE(root.create_task(three, [&](User& user) {
      user.receive(user.id(), timed(Time::period(1 * ms)));
      told = user.schedule(one).time >> 16;
    }));
    root.schedule(three, 200);
    REQUIRE(root.thread_control(one, one, three, ThreadId::nil()));
    root.schedule(root.id(), ~u64{0}, 0x0000'ffff);
    root.thread_switch(three);
    root.thread_switch(one);  // on a slice without end, until `three` wakes up
  });
  machine.run();
  CHECK(told == Time::period(3 * ms).raw);
  CHECK(second_at == 4 * ms);
}

TEST_CASE("a call passes the slice on, also on the fast path") {
  // A server less urgent than its client must not run beyond the client's slice
  // while an equal of the server waits.
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    u64 other_at = 0;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [](User& server) {
        server.receive(ThreadId::any());
        server.spend(100 * ms);
      }));
      root.receive(root.id(), timed(Time::period(1 * ms)));
      REQUIRE(root.create_task(user_thread(2), [&](User& user) { other_at = user.system_clock(); }));
      root.call(user_thread(1));
    });
    machine.run();
    CHECK(other_at != 0);
    CHECK(other_at <= 12 * ms);
  }
}
