// SPDX-License-Identifier: MIT
// The end of threads and spaces in steps: what may happen in between, and who does the
// rest when its caller is gone.
#include <doctest/doctest.h>

#include "ending.h"
#include "harness/parts.h"
#include "mapping_fixture.h"
#include "pool.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000, no_partner_send = 4, no_partner_receive = 5, cancelled_receive = 7;
constexpr u64 halt = 1, apply_halt = 1 << 8;

}  // namespace

TEST_CASE("a space with many mappings is unmade in steps, and interrupts come in between") {
  Machine machine;
  u64 windows = 0, interrupts = 0;
  bool done = false;
  machine.boot([&](User& root) {
    take_pages(root);
    REQUIRE(root.create_task(user_thread(1), take_all));
    REQUIRE(root.create_thread(user_thread(5), root_id, 1, [&](User& user) {
      for (;;) {
        if (user.receive(ThreadId::interrupt(4)).ok()) ++interrupts;
        user.send(ThreadId::interrupt(4));
      }
    }));
    attach_urgent(root, 4, user_thread(5));
    pause(root);
    fill(root, user_thread(1), 640);
    const u64 frames = frame_store.free_frames();
    windows = machine.windows;
    CHECK(root.destroy(user_thread(1)));
    windows = machine.windows - windows;
    CHECK(frame_store.free_frames() > frames);
    done = true;
  });
  machine.at_window = [&]() -> unsigned { return machine.line_masked[4] ? 0 : 4; };
  machine.run();
  CHECK(done);
  CHECK(windows > 10);
  CHECK(interrupts > 5);
}

TEST_CASE("a number is free again when its thread has ended, and not before") {
  Machine machine;
  bool done = false, other_done = false;
  machine.boot([&](User& root) {
    take_pages(root);
    REQUIRE(root.create_task(user_thread(1), take_all));
    // A second privileged thread makes a thread with the number that the first deletes.
    REQUIRE(root.create_thread(user_thread(5), root_id, 1, [&](User& user) {
      user.receive(ThreadId::interrupt(4));
      CHECK(user.ipc(user_thread(1), ThreadId::nil(), {}, at_once).error == no_partner_send);
      CHECK(user.thread_control(user_thread(1, 2), user_thread(1, 2), user.id(), ThreadId::nil()));
      CHECK_FALSE(user.schedule(user_thread(1)).state != 0);
      CHECK(user.schedule(user_thread(1, 2)).state == 2);
      other_done = true;
    }));
    attach_urgent(root, 4, user_thread(5));
    pause(root);
    fill(root, user_thread(1), 640);
    CHECK(root.destroy(user_thread(1)));
    done = true;
  });
  u64 steps = 0;
  machine.at_window = [&]() -> unsigned {
    return machine.current().work == Work::thread_control && ++steps > 3 && !machine.line_masked[4] ? 4 : 0;
  };
  machine.run();
  CHECK(done);
  CHECK(other_done);
}

TEST_CASE("a caller that is deleted in the middle: the rest is done by who deletes it") {
  for (const bool with_space : {false, true}) {
    CAPTURE(with_space);
    Machine machine;
    bool done = false;
    u64 frames = 0;
    machine.boot([&](User& root) {
      take_pages(root);
      pause(root);
      REQUIRE(root.create_task(user_thread(9), wait_for_ever));
      frames = frame_store.free_frames();
      REQUIRE(root.create_task(user_thread(1), take_all));
      REQUIRE(root.create_thread(user_thread(6), root_id, 2, [&](User& user) {
        user.receive(user.id(), timed(Time::period(20 * ms)));
        // The space loses its last thread by deletion, or because it moves.
        if (with_space)
          user.thread_control(user_thread(1), user_thread(9), ThreadId::nil(), ThreadId::nil(),
                              task_utcb_area.base() + 8 * utcb_size);
        else
          user.destroy(user_thread(1));
        CHECK(false);  // it does not come back from that
      }));
      pause(root);
      fill(root, user_thread(1), 640);
      REQUIRE(root.create_thread(user_thread(5), root_id, 1, [&](User& user) {
        user.receive(ThreadId::interrupt(4));
        CHECK(user.destroy(user_thread(6)));
        if (with_space) CHECK(user.destroy(user_thread(1)));
        done = true;
        wait_for_ever(user);
      }));
      attach_urgent(root, 4, user_thread(5));
      root.receive(root.id(), timed(Time::period(200 * ms)));
      CHECK(done);
      CHECK(root.destroy(user_thread(5)));
      CHECK(frame_store.free_frames() + 4 >= frames);  // pages of TCBs may have become another
    });
    u64 first = 0;
    machine.at_window = [&]() -> unsigned {
      if (machine.line_masked[4] || machine.current().id != user_thread(6)) return 0;
      if (first == 0) first = machine.windows;
      return machine.windows > first + 3 ? 4 : 0;
    };
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("a caller that is halted in the middle ends the call, and then stops") {
  Machine machine;
  bool deleted = false, done = false;
  machine.boot([&](User& root) {
    take_pages(root);
    REQUIRE(root.create_task(user_thread(1), take_all));
    REQUIRE(root.create_thread(user_thread(6), root_id, 2, [&](User& user) {
      user.receive(user.id(), timed(Time::period(20 * ms)));
      CHECK(user.destroy(user_thread(1)));
      deleted = true;
      wait_for_ever(user);
    }));
    pause(root);
    fill(root, user_thread(1), 640);
    REQUIRE(root.create_thread(user_thread(5), root_id, 1, [&](User& user) {
      user.receive(ThreadId::interrupt(4));
      const ExchangeResult x = user.exchange_registers(user_thread(6), halt | apply_halt);
      CHECK((x.control & 1) == 0);
      user.receive(user.id(), timed(Time::period(20 * ms)));
      CHECK_FALSE(deleted);
      CHECK(user.schedule(user_thread(6)).state == 2);
      CHECK(user.schedule(user_thread(1)).state == 0);
      CHECK_FALSE(find_thread(user_thread(1)));
      CHECK(tcb_array()[user_thread(1).number()].state == State::absent);
      user.exchange_registers(user_thread(6), apply_halt);
      user.receive(user.id(), timed(Time::period(20 * ms)));
      CHECK(deleted);
      done = true;
      wait_for_ever(user);
    }));
    attach_urgent(root, 4, user_thread(5));
    root.receive(root.id(), timed(Time::period(200 * ms)));
  });
  machine.at_window = [&]() -> unsigned {
    return !machine.line_masked[4] && machine.current().id == user_thread(6) ? 4 : 0;
  };
  machine.run();
  CHECK(done);
}

TEST_CASE("hundreds who send to a thread, or wait for it, hear of its end in steps") {
  Machine::Options options;
  options.check = false;
  Machine machine(options);
  constexpr u64 count = 60;
  u64 senders = 0, receivers = 0, windows = 0;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(200), [](User& user) { user.receive(user.id()); }));
    for (u64 i = 0; i < count; ++i) {
      REQUIRE(root.create_thread(user_thread(i), root_id, 1 + i, [&, i](User& user) {
        const ThreadId victim = user_thread(200);
        if (i % 2 == 0) {
          if (user.send(victim).error == no_partner_send) ++senders;
        } else if (user.receive(victim).error == no_partner_receive) {
          ++receivers;
        }
        wait_for_ever(user);
      }));
    }
    pause(root);
    windows = machine.windows;
    CHECK(root.destroy(user_thread(200)));
    windows = machine.windows - windows;
    pause(root);
    done = true;
  });
  machine.run();
  CHECK(done);
  CHECK(senders == count / 2);
  CHECK(receivers == count / 2);
  CHECK(windows >= 4);
}

TEST_CASE("a new version in steps: nobody reaches the thread meanwhile") {
  Machine machine;
  u64 failed = 0;
  bool done = false, looked = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(100), [](User& user) {
      user.receive(user.id(), timed(Time::period(50 * ms)));
      for (;;) user.receive(ThreadId::any());
    }));
    for (u64 i = 0; i < 40; ++i)
      REQUIRE(root.create_thread(user_thread(i), root_id, 10 + i, [&](User& user) {
        if (user.send(user_thread(100)).error == no_partner_send) ++failed;
        wait_for_ever(user);
      }));
    REQUIRE(root.create_thread(user_thread(60), root_id, 1, [&](User& user) {
      user.receive(ThreadId::interrupt(4));
      CHECK(user.send(user_thread(100), {}, at_once).error == no_partner_send);
      CHECK(user.send(user_thread(100, 5), {}, at_once).error == no_partner_send);
      CHECK(user.receive(user_thread(100), at_once).error == no_partner_receive);
      CHECK_FALSE(user.thread_control(user_thread(100, 7), user_thread(100), ThreadId::nil(), ThreadId::nil()));
      CHECK(user.error_code() == 2);
      looked = true;
      wait_for_ever(user);
    }));
    attach_urgent(root, 4, user_thread(60));
    root.schedule(root_id, 200);
    pause(root);
    CHECK(root.thread_control(user_thread(100, 5), user_thread(100), ThreadId::nil(), ThreadId::nil()));
    CHECK(root.send(user_thread(100), {}, at_once).error == no_partner_send);
    root.receive(root.id(), timed(Time::period(100 * ms)));
    CHECK(root.send(user_thread(100, 5)).ok());
    done = true;
  });
  machine.at_window = [&]() -> unsigned {
    return !machine.line_masked[4] && machine.current().work == Work::rename ? 4 : 0;
  };
  machine.run();
  CHECK(done);
  CHECK(looked);
  CHECK(failed == 40);
}

TEST_CASE("a thread that moves while it waits, and the space that it leaves") {
  Machine machine;
  bool done = false;
  u64 error = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.fpu() = 77;
      user.utcb().user_defined_handle = 4711;
      error = user.receive(ThreadId::any()).error;
      CHECK(user.fpu() == 77);
      CHECK(user.utcb().user_defined_handle == 4711);
      CHECK(user.receive(root_id).ok());
      wait_for_ever(user);
    }));
    REQUIRE(root.create_task(user_thread(2), wait_for_ever));
    pause(root);
    const Address place = task_utcb_area.base() + 3 * utcb_size;
    // Where another one's UTCB is; outside the area; oneself.
    CHECK_FALSE(root.thread_control(user_thread(1), user_thread(2), ThreadId::nil(), ThreadId::nil()));
    CHECK(root.error_code() == 6);
    CHECK_FALSE(root.thread_control(user_thread(1), user_thread(2), ThreadId::nil(), ThreadId::nil(), 0x1000));
    CHECK(root.error_code() == 6);
    CHECK_FALSE(root.thread_control(root_id, user_thread(2), ThreadId::nil(), ThreadId::nil(), place));
    CHECK(root.error_code() == 2);
    CHECK_FALSE(root.thread_control(sigma0_id, user_thread(2), ThreadId::nil(), ThreadId::nil(), place));
    CHECK(root.error_code() == 2);
    CHECK(error == 0);
    const u64 frames = frame_store.free_frames();
    CHECK(root.thread_control(user_thread(1), user_thread(2), ThreadId::nil(), ThreadId::nil(), place));
    CHECK(frame_store.free_frames() > frames);  // its old space has gone
    pause(root);
    CHECK(error == cancelled_receive);
    CHECK(find_thread(user_thread(1))->space == find_thread(user_thread(2))->space);
    CHECK(root.send(user_thread(1)).ok());
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("sixteen thousand threads at once, and all of their memory back") {
  Machine::Options options;
  options.check = false;
  options.kernel_memory = u64{48} << 20;
  Machine machine(options);
  constexpr u64 count = 16'384;
  u64 made = 0;
  bool done = false;
  machine.boot([&](User& root) {
    const ThreadId home = user_thread(0);
    const Fpage area = Fpage::memory(u64{1} << 30, 25);
    REQUIRE(root.thread_control(home, home, root.id(), ThreadId::nil()));
    REQUIRE(root.space_control(home, task_kip_area, area));
    const u64 frames = frame_store.free_frames();
    for (u64 i = 1; i <= count; ++i)
      made += root.thread_control(user_thread(i), home, root.id(), root.id(), area.base() + i * utcb_size);
    CHECK(made == count);
    for (u64 i = 1; i <= count; ++i) {
      const Thread* const t = find_thread(user_thread(i));
      REQUIRE(t != nullptr);
      REQUIRE(t->utcb == area.base() + i * utcb_size + utcb_mr_offset);
    }
    for (u64 i = 1; i <= count; ++i) CHECK(root.destroy(user_thread(i)));
    CHECK(root.destroy(home));
    CHECK(frame_store.free_frames() + 2 >= frames);
    done = true;
  });
  machine.run();
  CHECK(done);
}
