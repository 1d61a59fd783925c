// SPDX-License-Identifier: MIT
// Receivers that find whom they wait for among many senders, in steps.
#include <doctest/doctest.h>

#include "harness/parts.h"
#include "step.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr i64 small_step = 36;
constexpr u64 ms = 1000, members = 60, strangers = 3 * members;
const ThreadId helper = user_thread(500), impostor = user_thread(501), local = user_thread(502);

// Three senders a step. Deletions need more.
struct SmallSteps {
  SmallSteps() { instructions_a_step = small_step; }
  SmallSteps(const SmallSteps&) = delete;
  ~SmallSteps() { instructions_a_step = usual_step; }
};

// Threads of three other spaces, all of which send to the root task; it has not received yet.
void gather_strangers(User& root, u64 timeouts = 0) {
  for (u64 n = 0; n < strangers; ++n) {
    const auto send = [n, timeouts](User& user) {
      user.send(root_id, Message(static_cast<i64>(n)), timeouts);
      user.receive(user.id());
    };
    if (n % members == 0)
      REQUIRE(root.create_task(user_thread(n), send));
    else
      REQUIRE(root.create_thread(user_thread(n), user_thread(n - n % members), n % members, send));
  }
  pause(root);
}

void gather_local(User& root) {
  REQUIRE(root.create_thread(local, root_id, 2, [](User& user) { user.send(root_id, Message(0x777)); }));
  pause(root);
}

// A thread of the root task's space that sends in the name of `helper`, which is in it, too.
void gather_impostor(User& root) {
  REQUIRE(root.create_thread(helper, root_id, 3, [](User& user) { user.receive(user.id()); }));
  REQUIRE(root.create_thread(impostor, root_id, 4, [](User& user) {
    user.utcb().virtual_sender = helper.raw;
    user.send(root_id, Message(0x666).flags(MsgTag::propagated));
  }));
  pause(root);
}

// Between two steps line 4 fires; its handler, a thread of the root task's space, does this.
void between_steps(Machine& machine, User& root, std::function<void(User&, u64)> act) {
  REQUIRE(root.create_thread(user_thread(510), root_id, 10, [act](User& user) {
    for (u64 n = 0;; ++n) {
      const Received message = user.receive(ThreadId::any());
      instructions_a_step = usual_step;
      act(user, n);
      instructions_a_step = small_step;
      user.send(message.from);
    }
  }));
  attach_urgent(root, 4, user_thread(510));
  root.schedule(root_id, 200);
  pause(root);
  machine.at_window = [&machine, fired = false]() mutable -> unsigned {
    fired = !fired && !machine.line_masked[4];
    return fired ? 4 : 0;
  };
}

}  // namespace

TEST_CASE("a closed wait finds its partner at once, however many others have sent") {
  const SmallSteps small;
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    gather_strangers(root);
    for (const u64 n : {strangers - 1, strangers / 2, u64{0}, u64{1}}) {
      const u64 before = machine.windows;
      const Received message = root.receive(user_thread(n));
      CHECK(message.ok());
      CHECK(message.tag().label() == static_cast<i64>(n));
      CHECK(machine.windows == before);
    }
    const u64 before = machine.windows;
    CHECK(root.receive(user_thread(0), at_once).error == 3);
    CHECK(machine.windows == before);
    // The others come in their order.
    for (u64 n = 2; n < strangers - 1; ++n)
      if (n != strangers / 2) CHECK(root.receive(ThreadId::any()).from == user_thread(n));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("any local thread, or a virtual sender, is found behind many, in steps") {
  const SmallSteps small;
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    gather_strangers(root);
    u64 before = machine.windows;
    CHECK(root.receive(ThreadId::any_local(), at_once).error == 3);
    CHECK(machine.windows - before >= strangers / 3 - 1);
    CHECK(root.receive(ThreadId::any_local(), timed(Time::period(500))).error == 3);
    gather_local(root);
    gather_impostor(root);
    before = machine.windows;
    CHECK(root.receive(helper).tag().label() == 0x666);
    CHECK(ThreadId{root.utcb().virtual_sender} == impostor);
    CHECK(machine.windows - before >= strangers / 3);
    CHECK(root.receive(ThreadId::any_local()).tag().label() == 0x777);
    CHECK(root.receive(ThreadId::any()).from == user_thread(0));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("senders that go, and others that come, while they are looked at") {
  const SmallSteps small;
  enum class Change { the_first, all_behind, all_at_once, in_between };
  for (const Change change : {Change::the_first, Change::all_behind, Change::all_at_once, Change::in_between}) {
    CAPTURE(static_cast<int>(change));
    Machine machine;
    bool done = false;
    u64 acts = 0;
    machine.boot([&](User& root) {
      gather_strangers(root);
      between_steps(machine, root, [&](User& user, u64 n) {
        acts = n + 1;
        const auto cancel = [&](u64 who) {
          if (who >= strangers || !root.thread().senders) return;
          CHECK(user.destroy(user_thread(who)));
        };
        if (change == Change::the_first) cancel(n);
        if (change == Change::all_behind && n == 20)
          for (u64 who = 0; who < 50; ++who) cancel(who);
        if (change == Change::all_at_once && n == 20)
          for (u64 who = 0; who < strangers; ++who) cancel(who);
        if (change == Change::in_between)
          for (u64 who = n * 3; who < n * 3 + 5; who += 2)
            if (find_thread(user_thread(who))) cancel(who);
        if (n == (change == Change::all_at_once ? 20 : 30))
          REQUIRE(user.create_thread(local, user.id(), 2, [](User& late) { late.send(root_id, Message(0x777)); }));
      });
      const Received message = root.receive(ThreadId::any_local());
      CHECK(message.ok());
      CHECK(message.tag().label() == 0x777);
      done = true;
    });
    machine.run();
    CHECK(acts > 20);
    CHECK(done);
  }
}

TEST_CASE("a search that is cancelled, and one whose partner goes, leave nothing behind") {
  const SmallSteps small;
  for (const bool cancelled : {true, false}) {
    CAPTURE(cancelled);
    Machine machine;
    bool done = false;
    machine.boot([&](User& root) {
      gather_strangers(root);
      gather_impostor(root);
      between_steps(machine, root, [&](User& user, u64 n) {
        if (n != 10) return;
        if (cancelled)
          user.exchange_registers(root_id, 1 << 1);
        else
          CHECK(user.destroy(helper));
      });
      // Another one waits for it, so that a search is needed although it does not send.
      CHECK(root.receive(helper).error == (cancelled ? u64{7} : u64{5}));
      machine.at_window = nullptr;
      CHECK(root.receive(ThreadId::any()).from == user_thread(0));
      CHECK(root.receive(ThreadId::any()).from == user_thread(1));
      CHECK(root.receive(ThreadId::any_local()).tag().label() == 0x666);
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("a virtual sender whose wait moves looks at its own senders in steps; halted, it still does") {
  const SmallSteps small;
  for (const bool halted : {false, true}) {
    CAPTURE(halted);
    Machine machine;
    bool done = false, was_halted = false;
    machine.boot([&](User& root) {
      // A virtual sender of the partner that the wait moves to is the last of many.
      REQUIRE(root.create_task(user_thread(600), [](User& user) { user.receive(root_id); user.receive(user.id()); }));
      REQUIRE(root.create_thread(user_thread(601), user_thread(600), 1, [](User& user) {
        user.receive(user.id(), timed(Time::period(5 * ms)));
        user.utcb().virtual_sender = user_thread(600).raw;
        user.send(root_id, Message(0x99).flags(MsgTag::propagated));
      }));
      REQUIRE(root.create_thread(helper, root_id, 3, [&](User& user) {
        user.receive(user.id(), timed(Time::period(9 * ms)));
        user.utcb().virtual_sender = root_id.raw;
        if (halted) user.exchange_registers(root_id, 1 << 8 | 1);
        CHECK(user.send(user_thread(600), Message(0).flags(MsgTag::propagated)).ok());
        user.receive(user.id(), timed(Time::period(5 * ms)));
        was_halted = root.thread().is_halted();
        if (halted) user.exchange_registers(root_id, 1 << 8);
      }));
      gather_strangers(root);
      const u64 before = machine.windows;
      const Received message = root.receive(helper);
      CHECK(message.ok());
      CHECK(message.tag().label() == 0x99);
      CHECK(message.from == user_thread(600));
      CHECK(machine.windows - before >= strangers / 3);
      root.receive(root_id, timed(Time::period(50 * ms)));
      done = true;
    });
    machine.run();
    CHECK(done);
    CHECK(was_halted == halted);
  }
}

TEST_CASE("a start message in its pager's name is found behind many, and registers are still zero") {
  const SmallSteps small;
  Machine machine;
  bool started = false;
  const ThreadId fresh = user_thread(700);
  machine.boot([&](User& root) {
    const Address program = machine.address_of([&](User& user) {
      started = true;
      CHECK(machine.user.r.rdx == 0);
      user.receive(user.id());
    });
    REQUIRE(root.thread_control(fresh, fresh, root_id, ThreadId::nil()));
    REQUIRE(root.space_control(fresh, task_kip_area, task_utcb_area));
    for (u64 n = 0; n < members - 1; ++n)
      REQUIRE(root.create_thread(user_thread(n), root_id, 2 + n, [fresh](User& user) { user.send(fresh); }));
    REQUIRE(root.create_thread(impostor, root_id, members + 1, [&](User& user) {
      user.utcb().virtual_sender = root_id.raw;
      CHECK(user.send(fresh, Message(0, {program, 0x8000}).flags(MsgTag::propagated)).ok());
    }));
    pause(root);
    REQUIRE(root.thread_control(fresh, fresh, ThreadId::nil(), root_id, task_utcb_area.base()));
    pause(root);
    CHECK(started);
  });
  machine.run();
  CHECK(started);
}

TEST_CASE("a caller to whom others send waits for the answer as soon as its call is taken") {
  enum class Way { words, map, to_local };
  for (const Way way : {Way::words, Way::map, Way::to_local}) {
    CAPTURE(static_cast<int>(way));
    Machine machine;
    bool answered = false;
    const ThreadId caller = user_thread(700), stranger = user_thread(701);
    machine.boot([&](User& root) {
      take_pages(root);
      const auto call = [&](User& user) {
        user.accept(Fpage::complete());
        user.receive(user.id(), timed(Time::period(3 * ms)));
        CHECK(user.thread().senders != nullptr);
        const Received answer = user.call(root_id, Message(0x10));
        CHECK(answer.tag().label() == 0x11);
        // And then whoever was there before.
        answered = user.receive(ThreadId::any()).from == stranger;
      };
      if (way == Way::to_local)
        REQUIRE(root.create_thread(caller, root_id, 2, call));
      else
        REQUIRE(root.create_task(caller, call));
      REQUIRE(root.create_task(stranger, [&](User& user) { user.send(caller, Message(0x12)); }));
      root.receive(root.id(), timed(Time::period(9 * ms)));
      const Received request = root.receive(ThreadId::any(), at_once);
      CHECK(request.tag().label() == 0x10);
      Message answer(0x11);
      if (way == Way::map) answer.map(Fpage::memory(spare_ram, 12, Rights::all()), filled_at);
      CHECK(root.send(request.from, answer, at_once).ok());
      root.receive(root.id(), timed(Time::period(9 * ms)));
    });
    machine.run();
    CHECK(answered);
  }
}

TEST_CASE("a caller whose partner has sent to it already gets that first, and one message an entry") {
  Machine machine;
  bool done = false;
  const ThreadId caller = user_thread(700), partner = user_thread(701);
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(caller, [&](User& user) {
      user.receive(user.id(), timed(Time::period(3 * ms)));
      CHECK(user.call(root_id, Message(0x10)).tag().label() == 0x11);
      CHECK(user.ipc(root_id, partner, Message(0x12)).tag().label() == 0x13);
      done = true;
    }));
    REQUIRE(root.create_task(partner, [&](User& user) { user.send(caller, Message(0x13)); }));
    root.receive(root.id(), timed(Time::period(9 * ms)));
    const Received request = root.receive(ThreadId::any(), at_once);
    CHECK(root.send(request.from, Message(0x11), at_once).ok());
    root.receive(root.id(), timed(Time::period(9 * ms)));
    CHECK(root.receive(ThreadId::any(), at_once).tag().label() == 0x12);
    // It has one more message to get, which is not moved by this entry.
    CHECK(find_thread(partner)->state == State::sending);
    root.receive(root.id(), timed(Time::period(9 * ms)));
  });
  machine.run();
  CHECK(done);
}
