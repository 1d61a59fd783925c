// SPDX-License-Identifier: MIT
// Threads and spaces go, in whatever state they are, and leave nothing: their
// partners hear of it, and all kernel memory comes back.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "harness/parts.h"
#include "mapping_fixture.h"
#include "pool.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr Address ram = u64{16} << 20, at = 0x400000;
constexpr u64 ms = 1000, no_partner_send = 4, no_partner_receive = 5;

struct Case {
  std::string name;
  Program victim;
};

const std::vector<Case> cases = {
    {"running",
     [](User& user) {
       for (;;) user.spend(100);
     }},
    {"in an open wait", [](User& user) { user.receive(ThreadId::any()); }},
    {"in a closed wait", [](User& user) { user.receive(root_id); }},
    {"in a wait with a timeout",
     [](User& user) { user.receive(ThreadId::any(), timed(Time::period(100 * ms))); }},
    {"asleep", [](User& user) { user.receive(user.id()); }},
    {"sending", [](User& user) { user.send(root_id); }},
    {"sending with a timeout",
     [](User& user) { user.send(root_id, {}, timed(Time::never(), Time::period(100 * ms))); }},
    {"sending to itself", [](User& user) { user.send(user.id()); }},
    {"in a page fault that nobody took", [](User& user) { user.load(at); }},
    {"in a page fault that was taken",
     [](User& user) {
       user.utcb().pager = user_thread(9).raw;
       user.load(at);
     }},
    {"in an exception",
     [](User& user) {
       user.utcb().exception_handler = root_id.raw;
       user.exception(6);
     }},
    {"halted by an exception", [](User& user) { user.exception(6); }},
    {"with FPU state",
     [](User& user) {
       user.fpu() = 1;
       user.receive(ThreadId::any());
     }},
    {"with a line attached", [](User& user) { user.receive(ThreadId::any()); }},
};

}  // namespace

TEST_CASE("a thread can be deleted in every state") {
  for (const Case& c : cases) {
    for (const bool own_space : {true, false}) {
      CAPTURE(c.name);
      CAPTURE(own_space);
      Machine machine;
      bool done = false;
      machine.boot([&](User& root) {
        REQUIRE(root.create_task(user_thread(9), [](User& user) {
          for (;;) user.receive(ThreadId::any());
        }));
        if (!own_space)
          REQUIRE(root.create_task(user_thread(2), [](User& user) { user.receive(user.id()); }));
        pause(root);
        const u64 before = frame_store.free_frames();
        for (int round = 0; round < 3; ++round) {
          if (own_space) REQUIRE(root.create_task(user_thread(1), c.victim));
          else REQUIRE(root.create_thread(user_thread(1), user_thread(2), 1, c.victim));
          pause(root);
          const ThreadId line = ThreadId::interrupt(3);
          if (c.name == "with a line attached") {
            REQUIRE(root.thread_control(line, line, ThreadId::nil(), user_thread(1)));
            root.interrupt(3);
            pause(root);
          }
          REQUIRE(root.destroy(user_thread(1)));
          CHECK(machine.line_masked[3]);
          CHECK(find_thread(user_thread(1)) == nullptr);
          if (round > 0 || own_space) {
            // The tables and the TCB page of the first round may stay.
            const u64 after = frame_store.free_frames();
            CHECK(after + (own_space ? 1 : 4) >= before);
          }
        }
        done = true;
      });
      machine.run();
      CHECK(done);
    }
  }
}

TEST_CASE("an inactive thread, a space without areas, a thread that never was") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    const ThreadId one = user_thread(1), two = user_thread(2);
    CHECK(root.destroy(one));
    const auto create = [&] { return root.thread_control(one, one, root.id(), ThreadId::nil()); };
    REQUIRE(create());
    REQUIRE(root.destroy(one));
    const u64 before = frame_store.free_frames();
    REQUIRE(create());
    CHECK(frame_store.free_frames() < before);
    REQUIRE(root.destroy(one));
    CHECK(frame_store.free_frames() == before);
    REQUIRE(create());
    REQUIRE(root.space_control(one, task_kip_area, task_utcb_area));
    REQUIRE(root.thread_control(two, one, root.id(), ThreadId::nil()));
    REQUIRE(root.thread_control(one, one, ThreadId::nil(), root.id(), task_utcb_area.base()));
    REQUIRE(root.destroy(one));
    REQUIRE(root.destroy(two));
    CHECK(frame_store.free_frames() == before);
    CHECK(!root.destroy(root.id()));
    CHECK(root.error_code() == 2);
    CHECK(!root.destroy(sigma0_id));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("partners of a thread that goes hear of it") {
  Machine machine;
  std::vector<u64> errors(5, ~u64{0});
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(9), [](User& user) { user.receive(user.id()); }));
    const std::vector<std::function<u64(User&)>> ways = {
        [](User& user) { return user.send(user_thread(9)).error; },
        [](User& user) { return user.call(user_thread(9)).error; },
        [](User& user) { return user.receive(user_thread(9)).error; },
        [](User& user) { return user.receive(user_thread(9), timed(Time::period(500 * ms))).error; },
        [](User& user) {
          return user.send(user_thread(9), {}, timed(Time::never(), Time::period(500 * ms))).error;
        },
    };
    for (u64 i = 0; i < ways.size(); ++i)
      REQUIRE(
          root.create_task(user_thread(1 + i), [&, i, way = ways[i]](User& user) { errors[i] = way(user); }));
    REQUIRE(root.create_task(user_thread(8), [](User& user) {
      user.utcb().pager = user_thread(9).raw;
      user.load(at);
    }));
    pause(root);
    CHECK(errors == std::vector<u64>(5, ~u64{0}));
    REQUIRE(root.destroy(user_thread(9)));
    pause(root);
    CHECK(root.schedule(user_thread(8)).state == 2);  // its pager failed: halted
  });
  machine.run();
  CHECK(errors == std::vector<u64>{no_partner_send, no_partner_send, no_partner_receive, no_partner_receive,
                                   no_partner_send});
}

TEST_CASE("a new version of an id: who deals with the old one fails, the thread goes on") {
  Machine machine;
  u64 waiting = 0, sending = 0, got = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(9), [&](User& user) {
      user.receive(user.id(), timed(Time::period(5 * ms)));
      got = user.receive(ThreadId::any())[1];
      CHECK(user.id() == user_thread(9, 2));
    }));
    REQUIRE(root.create_task(user_thread(1), [&](User& user) { sending = user.send(user_thread(9)).error; }));
    REQUIRE(
        root.create_task(user_thread(2), [&](User& user) { waiting = user.receive(user_thread(9)).error; }));
    pause(root);
    REQUIRE(root.thread_control(user_thread(9, 2), user_thread(9), ThreadId::nil(), ThreadId::nil()));
    pause(root);
    CHECK(root.send(user_thread(9)).error == no_partner_send);
    CHECK(root.send(user_thread(9, 2), Message(0, {3})).ok());
  });
  machine.run();
  CHECK(sending == no_partner_send);
  CHECK(waiting == no_partner_receive);
  CHECK(got == 3);
}

TEST_CASE("a space that goes takes everything derived from its pages along") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    root.accept(Fpage::complete());
    REQUIRE(root.call(sigma0_id, Message(label_sigma0, {Fpage::memory(ram, 14).raw, 0})).ok());
    const auto take_and_pass = [](User& user) {
      user.accept(Fpage::complete());
      user.receive(root_id);
      user.call(user_thread(2), Message(0).map(Fpage::memory(at, 14, Rights::all()), at));
      user.receive(user.id());
    };
    const auto take = [](User& user) {
      user.accept(Fpage::complete());
      Received message = user.receive(ThreadId::any());
      for (;;) message = user.reply_wait(message.from, {});
    };
    REQUIRE(root.create_task(user_thread(2), take));
    pause(root);
    const u64 before = frame_store.free_frames();
    REQUIRE(root.create_task(user_thread(1), take_and_pass));
    REQUIRE(root.send(user_thread(1), Message(0).map(Fpage::memory(ram, 14, Rights::all()), at)).ok());
    pause(root);
    const Space& last = *find_thread(user_thread(2))->space;
    u64 present = 0;
    for_each_present(last.memory, at >> page_bits, (at >> page_bits) + 4, [&](u64, Slot) { ++present; });
    CHECK(present == 4);
    REQUIRE(root.destroy(user_thread(1)));
    CHECK(next_present(last.memory, at >> page_bits, (at >> page_bits) + 4) == (at >> page_bits) + 4);
    REQUIRE(root.destroy(user_thread(2)));
    CHECK(frame_store.free_frames() >= before);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("many threads and spaces come and go") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    u64 before = 0;
    for (int round = 0; round < 3; ++round) {
      for (u64 n = 0; n < 20; ++n) {
        REQUIRE(root.create_task(user_thread(100 * n), [](User& user) { user.receive(ThreadId::any()); }));
        for (u64 m = 1; m < 4; ++m)
          REQUIRE(root.thread_control(user_thread(100 * n + m), user_thread(100 * n), root.id(), root.id(),
                                      task_utcb_area.base() + m * utcb_size));
      }
      for (u64 n = 0; n < 20; ++n)
        for (u64 m = 0; m < 4; ++m) REQUIRE(root.destroy(user_thread(100 * n + m)));
      if (round > 0) CHECK(frame_store.free_frames() == before);
      before = frame_store.free_frames();
    }
    done = true;
  });
  machine.run();
  CHECK(done);
}
