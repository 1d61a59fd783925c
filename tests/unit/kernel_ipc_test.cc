// SPDX-License-Identifier: MIT
// First cases of IPC through the kernel's own code, in one space and between several.
#include <doctest/doctest.h>

#include <vector>

#include "harness/user.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000;
constexpr u64 no_partner_send = 4, no_partner_receive = 5, timeout_send = 2, timeout_receive = 3,
              cancelled_send = 6, cancelled_receive = 7, overflow_send = 8;
constexpr u64 halt = 1, abort_receive = 2, abort_send = 4, set_ip = 16, apply_halt = 256;

const auto receive_for_ever = [](User& user) {
  for (;;) user.receive(ThreadId::any());
};

}  // namespace

TEST_CASE("call and reply between spaces") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    unsigned calls = 0;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [](User& server) {
        Received request = server.receive(ThreadId::any());
        for (;;) {
          CHECK(request.from == root_id);
          Message reply(7);
          for (unsigned i = 1; i <= request.tag().untyped(); ++i) reply.mr[i] = request[i] + 1;
          reply.mr[0] |= request.tag().untyped();
          request = server.reply_wait(request.from, reply);
        }
      }));
      for (const unsigned words : {0u, 4u, 7u, 8u, 16u, 63u}) {
        Message message(static_cast<i64>(words));
        message.mr[0] |= words;
        for (unsigned i = 1; i <= words; ++i) message.mr[i] = words * 100 + i;
        const Received answer = root.call(user_thread(1), message);
        CHECK(answer.ok());
        CHECK(answer.from == user_thread(1));
        CHECK(answer.tag().raw == MsgTag::make(7, words).raw);
        for (unsigned i = 1; i <= words; ++i) CHECK(answer[i] == words * 100 + i + 1);
        ++calls;
      }
    });
    machine.run();
    CHECK(calls == 6);
    CHECK((machine.fast_calls != 0) == fast_path);
  }
}

TEST_CASE("inside a space a sender is seen by its local id, and may be addressed by it") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_thread(user_thread(1), root.id(), 5, [&](User& other) {
      const Received request = other.receive(ThreadId::any());
      CHECK(request.from == ThreadId{0xbf000200});
      CHECK(other.reply_wait(request.from, Message(1, {request[1]})).ok());
    }));
    const ThreadId local{0xbf000200 + 5 * utcb_size};
    const Received answer = root.call(local, Message(0, {17}));
    CHECK(answer.ok());
    CHECK(answer.from == local);
    CHECK(answer[1] == 17);
    CHECK(root.call(ThreadId{0xbf000200 + 6 * utcb_size}).error == no_partner_send);
    CHECK(root.call(ThreadId{0xbf000200 + 300 * utcb_size}).error == no_partner_send);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("senders queue in the order of their coming; a closed wait takes only its partner") {
  Machine machine;
  std::vector<u64> order;
  machine.boot([&](User& root) {
    for (u64 n = 1; n <= 4; ++n)
      REQUIRE(root.create_task(user_thread(n),
                               [n](User& user) { CHECK(user.send(root_id, Message(0, {n})).ok()); }));
    root.receive(root.id(), timed(Time::period(1 * ms)));  // let them run
    order.push_back(root.receive(user_thread(3))[1]);
    for (int i = 0; i < 3; ++i) order.push_back(root.receive(ThreadId::any())[1]);
    CHECK(root.receive(ThreadId::any(), timed(Time::zero())).error == timeout_receive);
  });
  machine.run();
  CHECK(order == std::vector<u64>{3, 1, 2, 4});
}

TEST_CASE("anylocalthread admits the threads of the space only") {
  Machine machine;
  std::vector<u64> order;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) { user.send(root_id, Message(0, {1})); }));
    REQUIRE(root.create_thread(user_thread(2), root.id(), 2,
                               [](User& user) { user.send(root_id, Message(0, {2})); }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    order.push_back(root.receive(ThreadId::any_local())[1]);
    CHECK(root.receive(ThreadId::any_local(), timed(Time::period(5 * ms))).error == timeout_receive);
    order.push_back(root.receive(ThreadId::any())[1]);
  });
  machine.run();
  CHECK(order == std::vector<u64>{2, 1});
}

TEST_CASE("timeouts of both phases") {
  Machine machine;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.receive(user.id());  // for ever, and no partner to anybody
    }));
    const u64 start = root.system_clock();
    CHECK(root.receive(ThreadId::any(), timed(Time::period(3 * ms))).error == timeout_receive);
    CHECK(root.system_clock() == start + 3 * ms);
    CHECK(root.send(user_thread(1), {}, at_once).error == timeout_send);
    CHECK(root.system_clock() == start + 3 * ms);
    CHECK(root.send(user_thread(1), {}, timed(Time::never(), Time::period(100))).error == timeout_send);
    CHECK(root.system_clock() == start + 3 * ms + 100);
    const Time past{static_cast<u16>(0x8000)};  // microsecond 0 of this window
    CHECK(root.receive(ThreadId::any(), timed(past)).error == timeout_receive);
    CHECK(root.system_clock() <= start + 3 * ms + 100 + 1024);
  });
  machine.run();
}

TEST_CASE("a message that waits beats a receive timeout of zero") {
  Machine machine;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) { user.send(root_id, Message(0, {5})); }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    const Received message = root.receive(ThreadId::any(), timed(Time::zero()));
    CHECK(message.ok());
    CHECK(message[1] == 5);
  });
  machine.run();
}

TEST_CASE("partners that do not exist") {
  Machine machine;
  machine.boot([&](User& root) {
    CHECK(root.send(user_thread(1)).error == no_partner_send);
    CHECK(root.receive(user_thread(1)).error == no_partner_receive);
    CHECK(root.send(ThreadId::any()).error == no_partner_send);
    CHECK(root.send(ThreadId::any_local()).error == no_partner_send);
    CHECK(root.send(ThreadId::global(max_threads + 50, 1)).error == no_partner_send);
    CHECK(root.send(ThreadId{u64{1} << 63}).error == no_partner_send);
    REQUIRE(root.thread_control(user_thread(1), user_thread(1), root.id(), ThreadId::nil()));
    CHECK(root.send(user_thread(1, 2)).error == no_partner_send);
    CHECK(root.send(user_thread(1), {}, at_once).error == timeout_send);  // inactive, but there
    CHECK(root.ipc(ThreadId::nil(), ThreadId::nil()).ok());
  });
  machine.run();
}

TEST_CASE("messages that are not shaped as the manual says change nothing") {
  Machine machine;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      const Received message = user.receive(ThreadId::any());
      CHECK(message.ok());
      CHECK(message[1] == 1234);
    }));
    Message too_long(0);
    too_long.mr[0] = 63 | 1 << 6;
    CHECK(root.send(user_thread(1), too_long).error == overflow_send);
    Message cut_off(0);
    cut_off.mr[0] = 1 << 6;
    cut_off.mr[1] = 8;
    CHECK(root.send(user_thread(1), cut_off).error == overflow_send);
    Message unknown(0);
    unknown.mr[0] = 2 << 6;
    unknown.mr[1] = 0xe;
    CHECK(root.send(user_thread(1), unknown).error == overflow_send);
    CHECK(root.send(user_thread(1), Message(0, {1234})).ok());
  });
  machine.run();
}

TEST_CASE("ExchangeRegisters aborts both phases") {
  Machine machine;
  std::vector<u64> errors;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      errors.push_back(user.receive(ThreadId::any()).error);
      errors.push_back(user.receive(ThreadId::any(), timed(Time::period(50 * ms))).error);
      errors.push_back(user.send(root_id, Message(0, {1})).error);
      errors.push_back(user.send(root_id, Message(0, {2})).error);
    }));
    const auto pause = [&] { root.receive(root.id(), timed(Time::period(1 * ms))); };
    pause();
    const ExchangeResult waiting = root.exchange_registers(user_thread(1), abort_send);
    CHECK((waiting.control & 7) == 2);
    CHECK(errors.empty());
    for (const u64 control : {abort_receive, abort_receive, abort_send, abort_send | abort_receive}) {
      CHECK(root.exchange_registers(user_thread(1), control).id == ThreadId{task_utcb_area.base() + 0x200});
      pause();
    }
  });
  machine.run();
  CHECK(errors == std::vector<u64>{cancelled_receive, cancelled_receive, cancelled_send, cancelled_send});
}

TEST_CASE("a halted thread ends its IPC and stops; it goes on when it is told to") {
  Machine machine;
  unsigned got = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      for (;;) got += user.receive(ThreadId::any()).ok();
    }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    root.exchange_registers(user_thread(1), halt | apply_halt);
    CHECK(root.send(user_thread(1)).ok());
    CHECK(root.send(user_thread(1), {}, timed(Time::never(), Time::period(1 * ms))).error == timeout_send);
    CHECK(got == 0);
    CHECK((root.exchange_registers(user_thread(1), apply_halt).control & 1) == 1);
    root.receive(root.id(), timed(Time::period(1 * ms)));
    CHECK(got == 1);
  });
  machine.run();
}

TEST_CASE("a thread may send itself elsewhere") {
  Machine machine;
  bool there = false;
  machine.boot([&](User& root) {
    const Address elsewhere = machine.address_of([&](User&) { there = true; });
    root.exchange_registers(root.id(), set_ip, 0, elsewhere);
    FAIL("not reached");
  });
  machine.run();
  CHECK(there);
}

TEST_CASE("propagation inside the sender's space, refused to strangers") {
  Machine machine;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      Received message = user.receive(ThreadId::any());
      CHECK(message.from == root_id);
      CHECK(message.tag().has(MsgTag::propagated));
      CHECK(ThreadId{user.utcb().virtual_sender} == user_thread(2));
      message = user.reply_wait(root_id, Message(0, {7}));
      CHECK(message.from == user_thread(3));
      CHECK(!message.tag().has(MsgTag::propagated));
    }));
    REQUIRE(root.create_thread(user_thread(2), root.id(), 2, [](User& user) {
      // The root task waits for us; the answer must reach it from thread 1.
      user.receive(root_id);
      user.utcb().virtual_sender = root_id.raw;
      CHECK(user.send(user_thread(1), Message(0).flags(MsgTag::propagated)).ok());
    }));
    const Received answer = root.call(user_thread(2));
    CHECK(answer.ok());
    CHECK(answer.from == user_thread(1));
    CHECK(answer[1] == 7);
    REQUIRE(root.create_task(user_thread(3), [](User& user) {
      user.utcb().virtual_sender = root_id.raw;
      CHECK(user.send(user_thread(1), Message(0).flags(MsgTag::propagated)).ok());
    }));
  });
  machine.run();
}

TEST_CASE("a redirected space talks to its redirector only, on every path") {
  Machine machine;
  unsigned at_redirector = 0, at_root = 0;
  machine.boot([&](User& root) {
    REQUIRE(
        root.create_thread(user_thread(9), root.id(), 9, receive_for_ever));  // same space as the root task
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      for (;;) {
        const Received message = user.receive(ThreadId::any());
        CHECK(message.tag().has(MsgTag::redirected));
        CHECK(ThreadId{user.utcb().intended_receiver} == root_id);
        CHECK(message.from == user_thread(2));
        ++at_redirector;
      }
    }));
    REQUIRE(root.create_task(user_thread(2), [&](User& user) {
      Received request = user.receive(ThreadId::any());
      // The caller waits for us, which is what the fast path likes most.
      user.ipc(request.from, ThreadId::any());
    }));
    REQUIRE(root.space_control(user_thread(2), task_kip_area, task_utcb_area, user_thread(1)));
    const Received answer = root.ipc(user_thread(2), user_thread(2), {}, timed(Time::period(2 * ms)));
    at_root += answer.ok();
    CHECK(root.send(user_thread(2)).ok());
    REQUIRE(root.call(user_thread(2), {}, timed(Time::period(2 * ms))).error != 0);
  });
  machine.run();
  CHECK(at_root == 0);
  CHECK(at_redirector >= 1);
}

TEST_CASE("a virtual sender's wait moves to where its message went, which may have written first") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      CHECK(user.send(root_id, Message(0, {5})).ok());  // before it is asked
      CHECK(user.receive(ThreadId::any()).from == root_id);
    }));
    REQUIRE(root.create_thread(user_thread(2), root.id(), 2, [](User& user) {
      user.receive(root_id);
      user.utcb().virtual_sender = root_id.raw;
      CHECK(user.send(user_thread(1), Message(0).flags(MsgTag::propagated)).ok());
    }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    const Received answer = root.call(user_thread(2));
    CHECK(answer.from == user_thread(1));
    CHECK(answer[1] == 5);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("a message as from a virtual sender ends a closed wait for it, also if it came first") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    bool done = false;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [](User& user) {
        for (;;) user.receive(ThreadId::any());  // never answers
      }));
      REQUIRE(root.create_thread(user_thread(2), user_thread(1), 2, [](User& user) {
        user.utcb().virtual_sender = user_thread(1).raw;
        user.send(root_id, Message(0, {6}).flags(MsgTag::propagated));
      }));
      root.receive(root.id(), timed(Time::period(1 * ms)));
      const Received answer = root.call(user_thread(1));
      CHECK(answer.from == user_thread(1));
      CHECK(ThreadId{root.utcb().virtual_sender} == user_thread(2));
      CHECK(answer[1] == 6);
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

TEST_CASE("a start message that comes before the activation starts the thread with it") {
  Machine machine;
  bool started = false;
  machine.boot([&](User& root) {
    const ThreadId one = user_thread(1);
    const Address program = machine.address_of([&](User&) { started = true; });
    REQUIRE(root.thread_control(one, one, root.id(), ThreadId::nil()));
    REQUIRE(root.space_control(one, task_kip_area, task_utcb_area));
    REQUIRE(root.create_thread(user_thread(2), root.id(), 2, [&](User& user) {
      CHECK(user.send(one, Message(0, {program, 0x8000})).ok());
    }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    REQUIRE(root.thread_control(one, one, ThreadId::nil(), user_thread(2), task_utcb_area.base()));
  });
  machine.run();
  CHECK(started);
}
