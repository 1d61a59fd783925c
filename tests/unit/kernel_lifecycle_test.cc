// SPDX-License-Identifier: MIT
// ThreadControl and SpaceControl when others come in between: who is looked for when a
// thread goes, threads that move, redirectors that take their time.
#include <doctest/doctest.h>

#include <functional>

#include "harness/parts.h"
#include "mapping_fixture.h"
#include "pool.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000, no_partner_send = 4, no_partner_receive = 5;
constexpr u64 halt = 1, apply_halt = 1 << 8;
constexpr unsigned line = 4;

void sleep(User& user, u64 milliseconds) { user.receive(user.id(), timed(Time::period(milliseconds * ms))); }

// `act` runs, more urgent than all, each time the line fires.
void attach(User& root, ThreadId handler, u64 slot, const std::function<void(User&)>& act) {
  REQUIRE(root.create_thread(handler, root_id, slot, [act](User& user) {
    for (;;) {
      user.receive(ThreadId::interrupt(line));
      act(user);
      user.send(ThreadId::interrupt(line));
    }
  }));
  root.schedule(root.id(), 200);
  attach_urgent(root, line, handler);
  sleep(root, 1);
}

}  // namespace

TEST_CASE("whoever waits for a thread hears of its end: the first, the second, one on the fast path") {
  for (const unsigned waiters : {1u, 2u, 3u}) {
    for (const bool met : {false, true}) {
      CAPTURE(waiters);
      CAPTURE(met);
      Machine machine;
      unsigned told = 0;
      u64 fast_calls = 0;
      machine.boot([&](User& root) {
        REQUIRE(root.create_task(user_thread(9), [&](User& user) {
          for (int i = 0; met && i < 3; ++i) user.reply_wait(user.receive(ThreadId::any()).from);
          user.receive(ThreadId::any());
          user.receive(user.id());
        }));
        const u64 briefly = timed(Time::period(ms), Time::period(ms));
        for (int i = 0; met && i < 6; ++i) root.call(user_thread(9), {}, briefly);
        for (unsigned i = 0; i < waiters; ++i)
          REQUIRE(root.create_thread(user_thread(i), root_id, 1 + i, [&, i](User& user) {
            const u64 before = machine.fast_calls;
            // The first one gets through, and waits for the answer.
            const Received r = i == 0 ? user.call(user_thread(9)) : user.receive(user_thread(9));
            if (r.error == no_partner_receive) ++told;
            if (i == 0) fast_calls = machine.fast_calls - before;
            wait_for_ever(user);
          }));
        sleep(root, 5);
        CHECK(told == 0);
        CHECK(root.destroy(user_thread(9)));
        sleep(root, 5);
      });
      machine.run();
      CHECK(told == waiters);
      CHECK((fast_calls != 0) == met);
    }
  }
}

TEST_CASE("an inactive thread with one who waits for it") {
  Machine machine;
  u64 error = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) { user.receive(user.id()); }));
    REQUIRE(root.thread_control(user_thread(2), user_thread(1), root.id(), ThreadId::nil()));
    REQUIRE(root.create_thread(user_thread(3), root_id, 1, [&](User& user) {
      error = user.receive(user_thread(2)).error;
      wait_for_ever(user);
    }));
    sleep(root, 1);
    CHECK(error == 0);
    CHECK(root.destroy(user_thread(2)));
    sleep(root, 1);
  });
  machine.run();
  CHECK(error == no_partner_receive);
}

TEST_CASE("deletions that wait for each other, over a number that has a new thread") {
  // X deletes A and is held up; A ends all the same, and a new A deletes X, and is
  // deleted itself in the middle of that.
  Machine machine;
  unsigned stage = 0;
  bool done = false;
  const ThreadId a = user_thread(1), x = user_thread(6), new_a = user_thread(1, 2);
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(a, take_all));
    REQUIRE(root.create_thread(x, root_id, 2, [&](User& user) {
      sleep(user, 20);
      user.destroy(a);
      CHECK(false);
    }));
    for (u64 i = 0; i < 40; ++i)
      REQUIRE(root.create_thread(user_thread(100 + i), root_id, 20 + i, [&](User& user) {
        CHECK(user.send(x).error == no_partner_send);
        wait_for_ever(user);
      }));
    sleep(root, 1);
    take_pages(root);
    fill(root, a, 640);
    attach(root, user_thread(5), 1, [&](User& user) {
      if (stage == 1) {
        REQUIRE(user.create_thread(new_a, user.id(), 3, [&](User& other) {
          stage = 2;
          other.destroy(x);
          CHECK(false);
        }));
        user.schedule(new_a, 254);
      } else {
        CHECK(user.destroy(new_a));
        CHECK(tcb_array()[x.number()].state == State::absent);
        CHECK(tcb_array()[a.number()].state == State::absent);
        done = true;
      }
    });
    sleep(root, 100);
  });
  machine.at_window = [&]() -> unsigned {
    const ThreadId who = machine.current().id;
    if (stage == 0 && who == x) {
      stage = 1;
      return line;
    }
    if (stage == 2 && who == new_a && tcb_array()[x.number()].state == State::dying) {
      stage = 3;
      return line;
    }
    return 0;
  };
  machine.run();
  CHECK(done);
}

TEST_CASE("deleting a thread that is already going waits until it has gone") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), take_all));
    sleep(root, 1);
    take_pages(root);
    fill(root, user_thread(1), 640);
    attach(root, user_thread(5), 1, [&](User& user) {
      if (done) return;
      CHECK(tcb_array()[user_thread(1).number()].state == State::dying);
      CHECK(user.destroy(user_thread(1)));
      CHECK(tcb_array()[user_thread(1).number()].state == State::absent);
      done = true;
    });
    CHECK(root.destroy(user_thread(1)));
  });
  machine.at_window = [&]() -> unsigned {
    return !done && !machine.line_masked[line] && machine.current().id == root_id &&
                   tcb_array()[user_thread(1).number()].state == State::dying
               ? line
               : 0;
  };
  machine.run();
  CHECK(done);
}

TEST_CASE("an activation that fails has made no page for the thread") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) { user.receive(user.id()); }));
    sleep(root, 1);
    const u64 before = frame_store.free_frames();
    const Address taken = task_utcb_area.base();
    for (const Address location : {taken, taken + 1, taken + 64 * utcb_size, ~Address{0}}) {
      CHECK_FALSE(root.thread_control(user_thread(500), user_thread(1), root.id(), root.id(), location));
      CHECK(root.error_code() == 6);
      CHECK(frame_store.free_frames() == before);
    }
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("a thread that is halted in the middle of a long call and then moved stays halted") {
  Machine machine;
  bool went_on = false, done = false, moved = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(2), wait_for_ever));
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.accept(Fpage::complete());
      for (int i = 0; i < 20; ++i) user.receive(ThreadId::any());
      user.unmap(Fpage::complete().with_rights(all), true);
      went_on = true;
      wait_for_ever(user);
    }));
    REQUIRE(root.create_thread(user_thread(7), user_thread(1), 1, wait_for_ever));
    sleep(root, 1);
    take_pages(root);
    fill(root, user_thread(1), 640);
    attach(root, user_thread(5), 1, [&](User& user) {
      if (moved) return;
      moved = true;
      CHECK((user.exchange_registers(user_thread(1), halt | apply_halt).control & 1) == 0);
      CHECK(user.thread_control(user_thread(1), user_thread(2), ThreadId::nil(), ThreadId::nil(),
                                task_utcb_area.base() + 5 * utcb_size));
      CHECK(user.schedule(user_thread(1)).state == 2);
    });
    sleep(root, 50);
    CHECK(moved);
    CHECK_FALSE(went_on);
    CHECK(root.schedule(user_thread(1)).state == 2);
    root.exchange_registers(user_thread(1), apply_halt);
    sleep(root, 5);
    CHECK(went_on);
    done = true;
  });
  machine.at_window = [&]() -> unsigned {
    return !moved && !machine.line_masked[line] && machine.current().work == Work::unmap ? line : 0;
  };
  machine.run();
  CHECK(done);
}

TEST_CASE("a redirector for many threads: none of them gets around it, also when its maker goes") {
  constexpr u64 members = 40, first = 0;
  for (const bool deleted : {false, true}) {
    CAPTURE(deleted);
    Machine machine;
    u64 refused = 0, passed = 0, looks = 0;
    bool set = false, done = false;
    machine.boot([&](User& root) {
      // So many that it takes steps, and those that run are the last ones.
      REQUIRE(root.create_task(user_thread(first), wait_for_ever));
      for (u64 i = 0; i < 200; ++i)
        REQUIRE(root.thread_control(user_thread(1000 + i), user_thread(first), root.id(), ThreadId::nil()));
      for (u64 i = 1; i < members; ++i)
        REQUIRE(root.create_thread(user_thread(first + 8 * i), user_thread(first), i, [&](User& user) {
          for (;;) {
            const u64 error = user.call(root_id).error;
            if (error == no_partner_send) {
              ++refused;
              return wait_for_ever(user);
            }
          }
        }));
      const auto serve = [&] {
        Received message = root.receive(ThreadId::any(), timed(Time::period(2 * ms)));
        while (message.ok()) {
          ++passed;
          if (passed % (3 * members) == 0) break;
          message = root.ipc(message.from, ThreadId::any(), {}, timed(Time::period(2 * ms), Time::zero()));
        }
      };
      serve();
      CHECK(passed != 0);
      const ThreadId maker = user_thread(350);
      attach(root, user_thread(5), 250, [&](User& user) {
        ++looks;
        if (deleted) CHECK(user.destroy(maker));
      });
      REQUIRE(root.create_thread(maker, root_id, 251, [&](User& user) {
        CHECK(user.space_control(user_thread(first), task_kip_area, task_utcb_area, ThreadId::any_local()));
        set = true;
        wait_for_ever(user);
      }));
      sleep(root, 20);
      CHECK(looks != 0);
      CHECK(set != deleted);
      Space& space = *find_thread(user_thread(first))->space;
      CHECK(space.redirector_is_free() == deleted);
      if (deleted) {
        // It never held. Somebody else sets another one, and that holds.
        CHECK(refused == 0);
        CHECK(root.space_control(user_thread(first), task_kip_area, task_utcb_area, user_thread(5)));
        CHECK(space.redirector == user_thread(5).raw);
      }
      CHECK(root.space_control(user_thread(first), task_kip_area, task_utcb_area, ThreadId::any()));
      CHECK(space.redirector_is_free());
      CHECK(space.old_keys == 0);
      done = true;
    });
    machine.at_window = [&]() -> unsigned {
      return looks == 0 && !machine.line_masked[line] && machine.current().id == user_thread(350) ? line : 0;
    };
    machine.run();
    CHECK(done);
  }
}
