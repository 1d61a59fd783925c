// SPDX-License-Identifier: MIT
// Total quanta: who is charged, exactly; what happens when one is used up.
#include <doctest/doctest.h>

#include <stdexcept>

#include "harness/user.h"
#include "ipc.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000, unchanged = ~u64{0};
const ThreadId one = user_thread(1), two = user_thread(2), nil = ThreadId::nil();

u64 quantum(u64 microseconds) { return 0xffff'0000 | Time::period(microseconds).raw; }
constexpr u64 endless = 0xffff'0000;
u64 left(User& user, ThreadId id) { return user.schedule(id).time & 0xffff; }
u64 state(User& user, ThreadId id) { return user.schedule(id).state; }
void sleep(User& user, u64 microseconds) { user.receive(user.id(), timed(Time::period(microseconds))); }

void check_message(const Received& r, ThreadId from, u64 clock) {
  REQUIRE(r.ok());
  CHECK(r.from == from);
  CHECK(r.tag().raw == MsgTag::make(-3 * 16, 2).raw);
  CHECK(r[1] == clock);
  CHECK(r[2] == 0);
}

}  // namespace

TEST_CASE("a total quantum that is used up: the scheduler is told, and Schedule gives another one") {
  Machine machine;
  bool done = false, ended = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(one, [&](User& user) {
      user.spend(9 * ms);
      done = true;
    }));
    CHECK(left(root, one) == Time::never().raw);
    const u64 start = host::clock;
    CHECK(root.schedule(one, unchanged, quantum(3 * ms)).state == 3);
    CHECK(left(root, one) == Time::period(3 * ms).raw);
    check_message(root.receive(ThreadId::any()), one, start + 3 * ms);
    CHECK(state(root, one) == 2);
    CHECK(left(root, one) == Time::zero().raw);
    sleep(root, 50 * ms);
    CHECK(!done);
    const u64 again = host::clock;
    CHECK(root.schedule(one, unchanged, quantum(2 * ms)).state == 2);
    CHECK(state(root, one) == 3);
    check_message(root.receive(one), one, again + 2 * ms);
    root.schedule(one, unchanged, endless);
    sleep(root, 5 * ms);
    CHECK(done);
    ended = true;
  });
  machine.run();
  CHECK(ended);
}

TEST_CASE("the time of others is not counted, the own is, however one comes to run") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    u64 rounds = 0, services = 0;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(two, [&](User& server) {
        Received r = server.receive(ThreadId::any());
        for (;;) {
          server.spend(700);
          ++services;
          r = server.reply_wait(r.from);
        }
      }));
      REQUIRE(root.create_task(one, [&](User& user) {
        for (;;) {
          user.spend(100);
          ++rounds;
          user.call(two);
        }
      }));
      root.schedule(one, unchanged, quantum(2 * ms + 50));
      const Received r = root.receive(ThreadId::any());
      CHECK(r.from == one);
      CHECK(rounds == 20);
      CHECK(services == 20);
      CHECK(machine.fast_calls == 0);  // it is never switched to or from without C++
    });
    machine.run();
    CHECK(rounds == 20);
  }
}

TEST_CASE("a time slice that somebody gives is no way around the quantum") {
  Machine machine;
  u64 ran = 0, switches = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(one, [&](User& user) {
      for (;;) {
        user.spend(10);
        ran += 10;
      }
    }));
    root.schedule(one, 50, quantum(1 * ms));
    REQUIRE(root.create_task(two, [&](User& user) {
      for (; switches < 200; ++switches) {
        user.spend(30);
        user.thread_switch(one);
      }
    }));
    root.schedule(two, 60, u64{Time::period(100).raw} << 16 | 0xffff);
    CHECK(root.receive(ThreadId::any()).from == one);
  });
  machine.run();
  CHECK(ran >= 1 * ms - 20);  // the last step was not finished
  CHECK(ran <= 1 * ms);
  CHECK(switches == 200);
}

TEST_CASE("what is left is exact to the microsecond, for others and for oneself") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(one, [&](User& user) {
      user.spend(123);
      user.receive(root_id);
      user.spend(77);
      user.receive(root_id);
    }));
    root.schedule(one, unchanged, quantum(1000));
    sleep(root, 5 * ms);
    CHECK(left(root, one) == Time::period(1000 - 123).raw);
    root.send(one);
    sleep(root, 5 * ms);
    CHECK(left(root, one) == Time::period(1000 - 200).raw);
    const ScheduleResult set =
        root.schedule(root.id(), unchanged, u64{Time::period(500).raw} << 16 | Time::period(800).raw);
    CHECK(set.state == 3);
    root.spend(40);
    const u64 time = root.schedule(root.id()).time;
    CHECK(time == (u64{Time::period(460).raw} << 16 | Time::period(760).raw));
    root.schedule(root.id(), unchanged, endless);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("used up in a call: the call's result is there when it goes on") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(one, [&](User& user) {
        user.receive(ThreadId::any());
        host::clock += 5 * ms;  // no interrupt has come yet
        const Received r = user.call(two, Message(7, {1, 2, 3}));
        CHECK(r.ok());
        CHECK(r.from == two);
        CHECK(r.tag().raw == MsgTag::make(8, 9).raw);
        for (unsigned i = 1; i <= 9; ++i) CHECK(r[i] == 10 * i);
        done = true;
      }));
      REQUIRE(root.create_task(two, [&](User& user) {
        const Received r = user.receive(one);
        CHECK(r[3] == 3);
        user.send(one, Message(8, {10, 20, 30, 40, 50, 60, 70, 80, 90}));
      }));
      root.schedule(one, unchanged, quantum(4 * ms));
      root.send(one);
      const Received r = root.receive(one);
      CHECK(r.tag().label() == label_preemption);
      CHECK(!done);
      CHECK(root.exchange_registers(one, 0).ip == stub_return);
      root.schedule(one, unchanged, endless);
      sleep(root, 1 * ms);
      CHECK(done);
    });
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("used up in the middle of a long call: the call ends first, and does not take for ever") {
  Machine machine;
  bool unmapped = false, done = false, ended = false;
  u64 windows = 0;
  machine.at_window = [&]() -> unsigned {
    host::clock += 100;
    if (++windows > 10'000) throw std::logic_error("no progress");
    return 0;
  };
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(
        one,
        [&](User& user) {
          for (u64 i = 0; i < 300; ++i) user.store(0x1000000 + i * page_size, i);
          user.unmap(Fpage::complete(Rights::all()), true);
          unmapped = true;
          user.spend(10);
          done = true;
        },
        sigma0_id));
    root.schedule(one, unchanged, quantum(300));
    CHECK(root.receive(one).tag().label() == label_preemption);
    CHECK(windows > 3);
    CHECK(unmapped);
    CHECK(!done);
    root.schedule(one, unchanged, endless);
    sleep(root, 50 * ms);
    CHECK(done);
    ended = true;
  });
  machine.run();
  CHECK(ended);
}

TEST_CASE("a scheduler that cannot be told: the thread stops all the same") {
  struct Case {
    const char* what;
    ThreadId scheduler;
  };
  for (const Case& c : {Case{"itself", one}, Case{"dead", two}, Case{"a line", ThreadId::interrupt(4)}}) {
    CAPTURE(c.what);
    Machine machine;
    bool done = false, ended = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(one, [&](User& user) {
        user.spend(5 * ms);
        done = true;
      }));
      REQUIRE(root.create_task(two, [](User& user) { user.receive(ThreadId::any()); }));
      REQUIRE(root.thread_control(one, one, c.scheduler, nil));
      root.schedule(one, unchanged, quantum(1 * ms));
      if (c.scheduler == two) REQUIRE(root.destroy(two));
      sleep(root, 20 * ms);
      CHECK(state(root, one) == 2);
      CHECK(!done);
      CHECK(!root.receive(ThreadId::any(), at_once).ok());
      root.schedule(one, unchanged, endless);
      sleep(root, 20 * ms);
      CHECK(done);
      ended = true;
    });
    machine.run();
    CHECK(ended);
  }
}

TEST_CASE("a scheduler that goes away with the message, or does not take it") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(two, [](User& user) { user.receive(sigma0_id); }));
    REQUIRE(root.create_task(one, [&](User& user) {
      user.spend(5 * ms);
      done = true;
    }));
    REQUIRE(root.thread_control(one, one, two, nil));
    root.schedule(one, unchanged, quantum(1 * ms));
    sleep(root, 20 * ms);
    CHECK(find_thread(one)->state == State::sending);
    CHECK(state(root, one) == 2);
    REQUIRE(root.destroy(two));
    CHECK(find_thread(one)->state == State::ready);
    CHECK(state(root, one) == 2);
    sleep(root, 20 * ms);
    CHECK(!done);
    root.schedule(one, unchanged, endless);
    sleep(root, 20 * ms);
    CHECK(done);
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("neither an answer nor ExchangeRegisters replaces the new quantum") {
  for (const int way : {0, 1, 2, 3, 4}) {
    CAPTURE(way);
    Machine machine;
    u64 done = 0;
    bool ended = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(one, [&](User& user) {
        for (int i = 0; i < 4; ++i) {
          user.spend(2 * ms);
          ++done;
        }
      }));
      root.schedule(one, unchanged, quantum(3 * ms));
      if (way != 3) CHECK(root.receive(one).ok());
      if (way == 0) CHECK(root.send(one, Message(0), at_once).ok());
      if (way == 0) CHECK(root.send(one, Message(0), at_once).error == 2);  // it has had its answer
      if (way == 1) root.exchange_registers(one, 0x100 | 6);
      if (way == 2) {
        root.exchange_registers(one, 0x101);
        sleep(root, 1 * ms);
        CHECK((root.exchange_registers(one, 0x100).control & 1) == 1);
      }
      if (way == 3) {
        sleep(root, 10 * ms);
        root.exchange_registers(one, 0x100 | 6);  // the message, which nobody has taken
        CHECK(!root.receive(ThreadId::any(), at_once).ok());
      }
      sleep(root, 50 * ms);
      CHECK(done == 1);
      CHECK(state(root, one) == 2);
      if (way == 4) {  // both reasons to stop hold by themselves
        root.exchange_registers(one, 0x101);
        root.schedule(one, unchanged, endless);
        sleep(root, 50 * ms);
        CHECK(done == 1);
        root.exchange_registers(one, 0x100);
      }
      root.schedule(one, unchanged, endless);
      sleep(root, 50 * ms);
      CHECK(done == 4);
      ended = true;
    });
    machine.run();
    CHECK(ended);
  }
}

TEST_CASE("a redirector holds for the message to the scheduler") {
  Machine machine;
  bool ended = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(one, [&](User& user) { user.spend(5 * ms); }));
    REQUIRE(root.create_task(two, [&](User& user) {
      const Received r = user.receive(ThreadId::any());
      CHECK(r.from == one);
      CHECK(r.tag().has(MsgTag::redirected));
      CHECK(r.tag().label() == label_preemption);
      CHECK(user.utcb().intended_receiver == root_id.raw);
      user.send(root_id, Message(1));
    }));
    REQUIRE(root.space_control(one, task_kip_area, task_utcb_area, two));
    root.schedule(one, unchanged, quantum(1 * ms));
    CHECK(root.receive(ThreadId::any()).from == two);
    CHECK(state(root, one) == 2);
    // Inside the space only: nobody is told.
    REQUIRE(root.space_control(one, task_kip_area, task_utcb_area, ThreadId::any_local()));
    root.schedule(one, unchanged, quantum(1 * ms));
    sleep(root, 10 * ms);
    CHECK(state(root, one) == 2);
    CHECK(!root.receive(ThreadId::any(), at_once).ok());
    ended = true;
  });
  machine.run();
  CHECK(ended);
}

TEST_CASE("a thread with a quantum can be deleted, moved and renamed at any time") {
  Machine machine;
  bool ended = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(two, [&](User& user) { user.receive(ThreadId::any()); }));
    for (const u64 microseconds : {u64{500}, u64{2000}}) {  // before and after the end of the quantum
      for (const int way : {0, 1, 2}) {
        CAPTURE(way);
        REQUIRE(root.create_task(one, [&](User& user) { user.spend(50 * ms); }));
        root.schedule(one, unchanged, quantum(1 * ms));
        sleep(root, microseconds);
        ThreadId id = one;
        if (way == 1) REQUIRE(root.thread_control(one, two, nil, nil, task_utcb_area.base() + 8 * utcb_size));
        if (way == 2) {
          id = user_thread(1, 2);
          REQUIRE(root.thread_control(id, id, nil, nil));
        }
        sleep(root, 2 * ms);
        CHECK(state(root, id) == 2);
        REQUIRE(root.destroy(id));
      }
    }
    ended = true;
  });
  machine.run();
  CHECK(ended);
}
