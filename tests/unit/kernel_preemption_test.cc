// SPDX-License-Identifier: MIT
// Total quanta, messages about preemption, and its delay (manual, chapters 3.3 and 7.4),
// with the clock in the test's hand: a tick is a microsecond.
#include <doctest/doctest.h>

#include "harness/parts.h"
#include "scheduler.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000;
constexpr u64 unchanged = 0xffff;
constexpr u64 with_quantum(u64 us) { return unchanged << 16 | Time::period(us).raw; }
constexpr u64 with_slice(u64 us) { return u64{Time::period(us).raw} << 16 | unchanged; }
constexpr u64 delay(u64 us, u64 sensitive) { return us | sensitive << 16; }

void nap(User& user, u64 us) { user.receive(user.id(), timed(Time::period(us))); }

MsgTag preemption_tag() { return MsgTag::make(label_preemption, 2); }

}  // namespace

TEST_CASE("a total quantum is used up while its thread runs, and only then") {
  for (const bool fast : {true, false}) {
    CAPTURE(fast);
    Machine::Options options;
    options.fast_path = fast;
    Machine machine(options);
    u64 ran = 0;
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [&](User& user) {
        nap(user, 5 * ms);  // costs nothing
        for (;;) user.spend(100), ran += 100;
      }));
      CHECK(root.schedule(user_thread(1), 10, with_quantum(2000)).state == 3);
      const Received message = root.receive(user_thread(1), timed(Time::period(50 * ms)));
      CHECK(message.ok());
      CHECK(message.tag().raw == preemption_tag().raw);
      CHECK(message[1] >= 7 * ms);
      CHECK(message[1] <= 9 * ms);
      CHECK(message[2] == 0);
      CHECK(ran >= 1800);
      CHECK(ran <= 2100);
      const u64 before = ran;
      // An answer alone does not bring it back.
      CHECK(root.send(user_thread(1), {}, timed(Time::never(), Time::period(1 * ms))).ok());
      nap(root, 10 * ms);
      CHECK(ran == before);
      CHECK((root.schedule(user_thread(1)).time & 0xffff) == Time::zero().raw);
      CHECK(root.schedule(user_thread(1), ~u64{0}, with_quantum(1000)).state != 0);
      CHECK(root.receive(user_thread(1), timed(Time::period(50 * ms))).ok());
      CHECK(ran >= before + 800);
      CHECK(ran <= before + 1200);
      // A new quantum is enough, without an answer; and none at all ends it.
      CHECK(root.schedule(user_thread(1), ~u64{0}, unchanged << 16).state != 0);
      const u64 second = ran;
      nap(root, 20 * ms);
      CHECK(ran > second + 15 * ms);
      for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));  // they would run for ever
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("what is left of a total quantum") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.spend(1000);
      wait_for_ever(user);
    }));
    root.schedule(user_thread(1), 10, with_quantum(1000 * ms));
    nap(root, 10 * ms);
    const u64 left = Time{static_cast<u16>(root.schedule(user_thread(1)).time)}.microseconds();
    CHECK(left <= 999 * ms);
    CHECK(left >= 990 * ms);
    // The caller's own, up to this moment.
    root.schedule(root.id(), ~u64{0}, with_quantum(1000 * ms));
    root.spend(5 * ms);
    const u64 own = Time{static_cast<u16>(root.schedule(root.id()).time)}.microseconds();
    CHECK(own <= 995 * ms);
    root.schedule(root.id(), ~u64{0}, unchanged << 16);
    for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("a thread with a quantum is charged for what it does on others' time slices") {
  Machine machine;
  u64 served = 0;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      Received message = user.receive(ThreadId::any());
      for (;;) {
        user.spend(300);
        ++served;
        message = user.reply_wait(message.from, {});
      }
    }));
    REQUIRE(root.create_task(user_thread(2), [&](User& user) {
      for (;;) user.call(user_thread(1), {});
    }));
    root.schedule(user_thread(1), 20, with_quantum(3000));
    root.schedule(user_thread(2), 20);
    CHECK(root.receive(user_thread(1), timed(Time::period(100 * ms))).ok());
    CHECK(served >= 8);
    CHECK(served <= 11);
    for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("flag s: the exception handler hears of a preemption, and its answer lets the thread go on") {
  Machine machine;
  u64 messages = 0, ran = 0;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.utcb().preempt_flags = preempt_signal;
      user.utcb().exception_handler = user_thread(2).raw;
      const u64 rbx = 4711;
      machine.user.r.rbx = rbx;
      for (;;) {
        user.spend(100);
        ran += 100;
        if (ran == 3000) user.utcb().preempt_flags = 0;
      }
    }));
    REQUIRE(root.create_task(user_thread(2), [&](User& user) {
      Received message = user.receive(ThreadId::any());
      for (;;) {
        CHECK(message.tag().raw == preemption_tag().raw);
        CHECK(message.from == user_thread(1));
        CHECK(message[2] == 0);
        ++messages;
        const u64 before = ran;
        nap(user, 2 * ms);
        CHECK(ran == before);
        message = user.reply_wait(message.from, {});
      }
    }));
    root.schedule(user_thread(1), 10);
    root.schedule(user_thread(2), 20);
    for (unsigned i = 0; i < 12; ++i) nap(root, 3 * ms);
    CHECK(messages >= 1);
    CHECK(messages <= 13);
    CHECK(ran >= 3000);
    for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("flag s without a handler, with a dead one, with itself: the thread just goes on") {
  for (const u64 handler : {u64{0}, user_thread(77).raw, user_thread(1).raw, ThreadId::interrupt(4).raw}) {
    CAPTURE(handler);
    Machine machine;
    u64 ran = 0;
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [&](User& user) {
        user.utcb().preempt_flags = preempt_signal;
        user.utcb().exception_handler = handler;
        for (;;) user.spend(100), ran += 100;
      }));
      root.schedule(user_thread(1), 10);
      for (unsigned i = 0; i < 5; ++i) nap(root, 2 * ms);
      CHECK(ran > 5 * ms);
      CHECK(root.schedule(user_thread(1)).state == 3);
      for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));  // they would run for ever
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("a handler that goes away while a preempted thread waits for it") {
  Machine machine;
  u64 ran = 0;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(2), wait_for_ever));
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.utcb().preempt_flags = preempt_signal;
      user.utcb().exception_handler = user_thread(2).raw;
      for (;;) user.spend(100), ran += 100;
    }));
    root.schedule(user_thread(1), 10);
    nap(root, 3 * ms);
    const u64 before = ran;
    nap(root, 3 * ms);
    CHECK(ran == before);
    CHECK(root.destroy(user_thread(2)));
    nap(root, 3 * ms);
    CHECK(ran > before);
    for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("flag d: threads up to the sensitive priority wait, at most the maximum delay") {
  struct Case {
    u64 waker_priority, maximum;
    bool yields;
    i64 least, most;  // microseconds until the other one runs
  };
  const Case cases[] = {
      {50, 3 * ms, false, 2900, 3300},  // until the delay is over
      {50, 3 * ms, true, 0, 1300},      // until the thread sees flag I and yields
      {150, 3 * ms, false, -50, 200},   // above the sensitive priority
      {50, 0, false, -50, 200},           // no delay
  };
  for (const Case& c : cases) {
    CAPTURE(c.waker_priority);
    CAPTURE(c.maximum);
    CAPTURE(c.yields);
    Machine machine;
    u64 woken_late = ~u64{0};
    bool saw_flag = false, done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [&](User& user) {
        user.utcb().preempt_flags = preempt_delay;
        for (;;) {
          user.spend(1000);
          if ((user.utcb().preempt_flags & preempt_pending) == 0) continue;
          saw_flag = true;
          if (!c.yields) continue;
          user.thread_switch();
          CHECK((user.utcb().preempt_flags & preempt_pending) == 0);
        }
      }));
      REQUIRE(root.create_task(user_thread(2), [&](User& user) {
        nap(user, 10'500);
        woken_late = host::clock;
        wait_for_ever(user);
      }));
      root.schedule(user_thread(1), 10, with_slice(1000 * ms), delay(c.maximum, 100));
      root.schedule(user_thread(2), c.waker_priority);
      const u64 begin = host::clock;
      root.receive(root.id(), timed(Time::period(30 * ms)));
      const i64 late = static_cast<i64>(woken_late) - static_cast<i64>(begin + 10'500);
      CHECK(late >= c.least);
      CHECK(late <= c.most);
      CHECK(saw_flag == (c.maximum != 0 && c.waker_priority <= 100));
      for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));  // they would run for ever
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("many timeouts at once: each is served, and interrupts come in between") {
  Machine::Options options;
  options.check = false;
  options.kernel_memory = u64{16} << 20;
  Machine machine(options);
  constexpr u64 count = 60;
  u64 woken = 0;
  bool done = false;
  machine.boot([&](User& root) {
    for (u64 i = 0; i < count; ++i) {
      REQUIRE(root.create_thread(user_thread(i), root_id, 1 + i, [&](User& user) {
        user.receive(user.id(), timed(Time::period(20 * ms - (host::clock % ms))));
        ++woken;
        wait_for_ever(user);
      }));
    }
    const u64 before = machine.entries;
    nap(root, 60 * ms);
    CHECK(woken == count);
    CHECK(machine.entries - before >= count / 5);
    for (u64 i = 1; i < 4; ++i) root.destroy(user_thread(i));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("a quantum that ends in the middle of a long call does not keep the call from its end") {
  constexpr u64 pages = 640;
  Machine machine;
  u64 steps = 0;
  bool unmapped = false, done = false;
  machine.at_window = [&]() -> unsigned {
    if (machine.current().id == user_thread(1)) host::clock += 100, ++steps;
    return 0;
  };
  machine.boot([&](User& root) {
    take_pages(root);
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.accept(Fpage::complete());
      for (u64 i = 0; i < pages; i += 32) user.receive(ThreadId::any());
      user.unmap(Fpage::complete(Rights{7}), true);
      unmapped = true;
      for (;;) user.spend(100);
    }));
    fill(root, user_thread(1), pages);
    root.schedule(user_thread(1), 10, with_quantum(200));
    CHECK(root.receive(user_thread(1), timed(Time::period(500 * ms))).ok());
    CHECK(steps > 3);
    done = true;
    root.destroy(user_thread(1));
  });
  machine.run();
  CHECK(done);
  CHECK(unmapped);
}

TEST_CASE("a delay that holds up nobody any more does not bring the timer again and again") {
  constexpr u64 halt_it = 1 | 1 << 8;
  Machine machine;
  bool halted = false, done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.utcb().preempt_flags = preempt_delay;
      while ((user.utcb().preempt_flags & preempt_pending) == 0) user.spend(100);
      user.exchange_registers(user_thread(2), halt_it);
      halted = true;
      for (;;) user.spend(100);
    }));
    REQUIRE(root.create_thread(user_thread(2), user_thread(1), 1, [&](User& user) {
      nap(user, 1 * ms);
      wait_for_ever(user);
    }));
    REQUIRE(root.create_task(user_thread(3), [&](User& user) {
      for (;;) user.spend(100);
    }));
    root.schedule(user_thread(3), 5);
    root.schedule(user_thread(1), 10, with_slice(1000 * ms), delay(2 * ms, 100));
    root.schedule(user_thread(2), 50);
    nap(root, 10 * ms);
    CHECK(halted);
    for (u64 i = 1; i != 4; ++i) root.destroy(user_thread(i));
    done = true;
  });
  machine.run();
  CHECK(done);
}
