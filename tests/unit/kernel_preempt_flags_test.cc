// SPDX-License-Identifier: MIT
// The preempt flags: s, a preemption is told; d, it is delayed.
#include <doctest/doctest.h>

#include <vector>

#include "harness/user.h"
#include "ipc.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000, unchanged = ~u64{0};
const ThreadId one = user_thread(1), two = user_thread(2), three = user_thread(3), nil = ThreadId::nil();

void sleep(User& user, u64 microseconds) { user.receive(user.id(), timed(Time::period(microseconds))); }
u64 slice(u64 microseconds) { return u64{Time::period(microseconds).raw} << 16 | 0xffff; }
u64 delay(u64 sensitive, u64 microseconds) { return sensitive << 16 | microseconds; }
bool pending(const User& user) { return (user.utcb().preempt_flags & preempt_pending) != 0; }

// Runs for so long and notes when it is not the only one.
struct Watch {
  u64 longest_gap = 0, gap_at = 0;
  void spend(User& user, u64 microseconds) {
    for (u64 i = 0; i < microseconds; ++i) {
      const u64 before = host::clock;
      user.spend(1);
      const u64 passed = host::clock - before - 1;
      if (passed <= longest_gap) continue;
      longest_gap = passed;
      gap_at = before;
    }
  }
};

}  // namespace

TEST_CASE("flag s: each kind of preemption is told, and the thread goes on after the answer") {
  enum class Cause { slice, timeout, line };
  for (const Cause cause : {Cause::slice, Cause::timeout, Cause::line}) {
    CAPTURE(static_cast<int>(cause));
    Machine machine;
    u64 told_at = 0, first_slice = 0;
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& handler) {
        for (Received r = handler.receive(ThreadId::any());; r = handler.reply_wait(r.from)) {
          if (!r.ok()) break;
          CHECK(r.from == one);
          CHECK(r.tag().raw == MsgTag::make(-3 * 16, 2).raw);
          CHECK(r[2] == 0);
          CHECK(!done);
          if (told_at == 0) told_at = r[1];
        }
      }));
      root.schedule(two, 90);
      REQUIRE(root.create_task(three, [&](User& user) {
        if (cause == Cause::timeout) sleep(user, 2 * ms);
        if (cause == Cause::line) user.receive(ThreadId::any());
        user.spend(cause == Cause::slice ? 4 * ms : 300);
      }));
      root.schedule(three, cause == Cause::slice ? 100 : 120, slice(1 * ms));
      if (cause == Cause::line)
        REQUIRE(root.thread_control(ThreadId::interrupt(3), ThreadId::interrupt(3), nil, three));
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_signal;
        user.utcb().exception_handler = two.raw;
        first_slice = host::clock;
        user.spend(1 * ms);
        if (cause == Cause::line) user.interrupt(3);
        user.spend(3 * ms);
        done = true;
        user.utcb().preempt_flags = 0;
      }));
      root.schedule(one, unchanged, slice(1500));
    });
    machine.run();
    CHECK(done);
    CHECK(told_at == (cause == Cause::slice ? first_slice + 1500 : cause == Cause::line ? 1 * ms : 2 * ms));
  }
}

TEST_CASE("flag s: nobody to tell means an ordinary preemption") {
  struct Case {
    const char* what;
    ThreadId handler;
    bool redirected;
  };
  const Case cases[] = {{"nil", nil, false},
                        {"itself", one, false},
                        {"dead", user_thread(9), false},
                        {"a line", ThreadId::interrupt(3), false},
                        {"any", ThreadId::any(), false},
                        {"a bad local id", {0x1234'0000}, false},
                        {"out of a closed space", two, true},
                        {"one that waits for it in a fault", three, false}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Machine machine;
    bool done = false, others = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& user) {
        user.spend(3 * ms);
        others = true;
      }));
      REQUIRE(root.create_task(three, [&](User& user) {
        user.utcb().exception_handler = one.raw;
        user.exception(3);
      }));
      REQUIRE(root.create_task(one, [&](User& user) {
        if (c.handler == three) CHECK(user.receive(three).ok());
        user.utcb().preempt_flags = preempt_signal;
        user.utcb().exception_handler = c.handler.raw;
        user.spend(6 * ms);
        done = true;
        user.utcb().preempt_flags = 0;
      }));
      if (c.redirected)
        REQUIRE(root.space_control(one, task_kip_area, task_utcb_area, ThreadId::any_local()));
      for (const ThreadId id : {one, two}) root.schedule(id, unchanged, slice(1 * ms));
    });
    machine.run();
    CHECK(done);
    CHECK(others);
  }
}

TEST_CASE("flag s: a handler that goes away, or never answers") {
  Machine machine;
  bool done = false, ended = false;
  machine.boot([&](User& root) {
    for (const bool takes : {false, true}) {
      CAPTURE(takes);
      done = false;
      REQUIRE(root.create_task(two, [&](User& user) {
        user.receive(takes ? one : sigma0_id);
        user.receive(sigma0_id);
      }));
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_signal;
        user.utcb().exception_handler = two.raw;
        user.spend(5 * ms);
        done = true;
        user.utcb().preempt_flags = 0;
      }));
      sleep(root, 1 * ms);
      sleep(root, 20 * ms);
      CHECK(!done);
      CHECK(root.schedule(one).state == (takes ? 6 : 4));
      REQUIRE(root.destroy(two));
      sleep(root, 20 * ms);
      CHECK(done);
      REQUIRE(root.destroy(one));
    }
    ended = true;
  });
  machine.run();
  CHECK(ended);
}

TEST_CASE("flag s: told of in a system call, that gives its results all the same") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    u64 told = 0;
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(three, [&](User& user) {
        for (Received r = user.receive(ThreadId::any()); r.ok();
             r = user.reply_wait(r.from, Message(5, {6, 7}))) {
          CHECK(r.tag().label() == label_preemption);
          ++told;
        }
      }));
      root.schedule(three, 140);
      REQUIRE(root.create_task(two, [&](User& user) {
        for (;;) user.receive(ThreadId::any());
      }));
      root.schedule(two, 120);
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_signal;
        user.utcb().exception_handler = three.raw;
        for (u64 i = 0; i < 3; ++i) {
          const Received r = user.send(two, Message(9, {i, 2, 3}));
          CHECK(r.ok());
          CHECK(r.tag().raw == MsgTag::make(9, 3).raw);
        }
        done = true;
        user.utcb().preempt_flags = 0;
      }));
    });
    machine.run();
    CHECK(done);
    CHECK(told == 3);
  }
}

TEST_CASE("flag s: through a redirector") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(two, [&](User& user) {
      Received r = user.receive(ThreadId::any());
      CHECK(r.from == one);
      CHECK(r.tag().has(MsgTag::redirected));
      CHECK(user.utcb().intended_receiver == root_id.raw);
      user.send(one);
    }));
    REQUIRE(root.create_task(one, [&](User& user) {
      user.utcb().preempt_flags = preempt_signal;
      user.utcb().exception_handler = root_id.raw;
      user.spend(2 * ms);
      user.utcb().preempt_flags = 0;
      done = true;
    }));
    REQUIRE(root.space_control(one, task_kip_area, task_utcb_area, two));
    sleep(root, 1 * ms);
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("flag d: up to the sensitive priority a preemption waits for the delay, and for no more") {
  for (const u64 other : {u64{100}, u64{150}, u64{200}, u64{201}}) {
    CAPTURE(other);
    Machine machine;
    u64 ran_at = 0, wanted_at = 0;
    Watch watch;
    bool was_pending = false, stays_pending = false, done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& user) {
        wanted_at = host::clock + 1000;
        sleep(user, 1000);
        ran_at = host::clock;
        user.spend(50);
      }));
      root.schedule(two, other);
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_delay;
        watch.spend(user, 1500);
        was_pending = pending(user);
        watch.spend(user, 1500);
        stays_pending = pending(user);
        done = true;
      }));
      root.schedule(one, unchanged, slice(1200), delay(200, 800));
    });
    machine.run();
    CHECK(done);
    // An equal one has to wait for the end of the slice in any case, of 1200.
    const u64 asked = other == 100 ? 1200 : wanted_at;
    CHECK(ran_at == (other > 200 ? wanted_at : asked + 800));
    CHECK(was_pending == (other <= 200));
    CHECK(stays_pending == (other <= 200));
    CHECK(watch.longest_gap == 50);
  }
}

TEST_CASE("flag d: ThreadSwitch(nil) gives the delay back and clears I") {
  {
    Machine machine;
    std::vector<u64> waits;
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& user) {
        for (int i = 0; i < 3; ++i) {
          const u64 wanted = host::clock + 1000;
          sleep(user, 1000);
          waits.push_back(host::clock - wanted);
        }
      }));
      root.schedule(two, 150);
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_delay;
        Watch watch;
        for (int i = 0; i < 3; ++i) {
          watch.spend(user, 1400);
          CHECK(pending(user));
          user.thread_switch();
          CHECK(!pending(user));
          CHECK((user.utcb().preempt_flags & preempt_delay) != 0);
        }
        done = true;
      }));
      root.schedule(one, unchanged, slice(100 * ms), delay(200, 300));
    });
    machine.run();
    CHECK(done);
    REQUIRE(waits.size() == 3);
    CHECK(waits[0] == 300);
    CHECK(waits[1] == 300);
    CHECK(waits[2] == 300);
  }
}

TEST_CASE("flag d: giving up early lets the other one in at once") {
  Machine machine;
  u64 ran_at = 0, gave_up_at = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(two, [&](User& user) {
      sleep(user, 1000);
      ran_at = host::clock;
    }));
    root.schedule(two, 150);
    REQUIRE(root.create_task(one, [&](User& user) {
      user.utcb().preempt_flags = preempt_delay;
      while (!pending(user)) user.spend(1);
      user.spend(40);
      user.utcb().preempt_flags &= static_cast<u8>(~preempt_delay);
      gave_up_at = host::clock;
      CHECK(ran_at == 0);
      user.thread_switch();
      CHECK(ran_at == gave_up_at);
    }));
    root.schedule(one, unchanged, 0xffff'ffff, delay(200, 10'000));
  });
  machine.run();
  CHECK(ran_at != 0);
}

TEST_CASE("flag d: system calls in the meantime do not end the delay; blocking does") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    u64 ran_at = 0, began = 0, blocked_at = 0;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(three, [&](User& user) {
        for (;;) user.receive(ThreadId::any());
      }));
      root.schedule(three, 160);
      REQUIRE(root.create_task(two, [&](User& user) {
        sleep(user, 1000);
        ran_at = host::clock;
      }));
      root.schedule(two, 150);
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_delay;
        while (!pending(user)) user.spend(1);
        began = host::clock;
        user.exchange_registers(user.id(), 0);
        user.spend(100);
        CHECK(user.send(three).ok());  // more urgent than both, and up to the sensitive priority
        user.spend(100);
        CHECK(ran_at == 0);
        blocked_at = host::clock;
        user.receive(user.id(), timed(Time::period(200)));
        CHECK(ran_at == blocked_at);
        user.spend(50);
      }));
      root.schedule(one, unchanged, 0xffff'ffff, delay(200, 1000));
    });
    machine.run();
    CHECK(blocked_at == began + 200);
    // 200 of it are gone.
  }
}

TEST_CASE("flag d: interrupts wait as well, or not") {
  for (const u64 priority : {u64{150}, u64{201}}) {
    CAPTURE(priority);
    Machine machine;
    u64 asked = 0, taken = 0;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& user) {
        CHECK(user.receive(ThreadId::any()).from == ThreadId::interrupt(3));
        taken = host::clock;
      }));
      root.schedule(two, priority);
      REQUIRE(root.thread_control(ThreadId::interrupt(3), ThreadId::interrupt(3), nil, two));
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = preempt_delay;
        user.spend(100);
        asked = host::clock;
        user.interrupt(3);
        user.spend(1000);
      }));
      root.schedule(one, unchanged, 0xffff'ffff, delay(200, 400));
      sleep(root, 10);
    });
    machine.run();
    CHECK(taken == asked + (priority <= 200 ? u64{400} : u64{0}));
  }
}

TEST_CASE("flag d without a delay, or without the flag, changes nothing") {
  for (const bool flag : {false, true}) {
    CAPTURE(flag);
    Machine machine;
    u64 late = 1;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& user) {
        const u64 wanted = host::clock + 1000;
        sleep(user, 1000);
        late = host::clock - wanted;
      }));
      root.schedule(two, 150);
      REQUIRE(root.create_task(one, [&](User& user) {
        user.utcb().preempt_flags = flag ? preempt_delay : 0;
        user.spend(5 * ms);
        CHECK(!pending(user));
      }));
      root.schedule(one, unchanged, 0xffff'ffff, delay(200, flag ? 0 : 500));
    });
    machine.run();
    CHECK(late == 0);
  }
}

TEST_CASE("flags s and d: the delay first, then the message") {
  Machine machine;
  u64 told = 0, wanted = 0;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(two, [&](User& user) {
      wanted = host::clock + 1000;
      sleep(user, 1000);
    }));
    root.schedule(two, 150);
    REQUIRE(root.create_task(one, [&](User& user) {
      user.utcb().preempt_flags = preempt_delay | preempt_signal;
      user.utcb().exception_handler = root_id.raw;
      user.spend(3 * ms);
      done = true;
      user.utcb().preempt_flags = 0;
    }));
    root.schedule(one, unchanged, 0xffff'ffff, delay(200, 250));
    const Received r = root.receive(ThreadId::any());
    told = r[1];
    CHECK(r.tag().label() == label_preemption);
    root.send(one);
  });
  machine.run();
  CHECK(told == wanted + 250);
  CHECK(done);
}

TEST_CASE("the sensitive priority of an unprivileged scheduler is not above its own") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(one, [&](User& user) {
      user.receive(root_id);
      CHECK(user.schedule(two, unchanged, 0xffff'ffff, delay(100, 10)).state != 0);
      CHECK(user.schedule(two, unchanged, 0xffff'ffff, delay(101, 10)).state == 0);
      CHECK(user.error_code() == 5);
      done = true;
    }));
    REQUIRE(root.create_task(two, [&](User& user) { user.receive(root_id); }));
    REQUIRE(root.thread_control(two, two, one, nil));
    CHECK(root.schedule(two, unchanged, 0xffff'ffff, delay(255, 10)).state != 0);
    root.send(one);
  });
  machine.run();
  CHECK(done);
  CHECK(find_thread(two)->sensitive_priority == 100);
}
