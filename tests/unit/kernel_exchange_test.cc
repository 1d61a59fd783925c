// SPDX-License-Identifier: MIT
// ExchangeRegisters on threads that are in the middle of something, and the FS base.
#include <doctest/doctest.h>

#include <vector>

#include "harness/parts.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000;
constexpr u64 halt = 1, abort_receive = 2, abort_send = 4, set_ip = 16, apply_halt = 256;
constexpr u64 was_halted = 1, was_receiving = 2;

Address find_fs_base(ThreadId id) { return find_thread(id)->fs_base; }

}  // namespace

TEST_CASE(
    "a message that waits to be taken: the thread is receiving, and stays halted when that is aborted") {
  for (const bool halts : {false, true})
    for (const bool moves : {false, true}) {
      CAPTURE(halts);
      CAPTURE(moves);  // to another space, which aborts as well
      Machine machine;
      std::vector<u64> errors;
      machine.boot([&](User& root) {
        REQUIRE(root.create_task(user_thread(1), [&](User& user) {
          errors.push_back(user.ipc(root_id, ThreadId::any(), Message(0, {1})).error);
        }));
        pause(root);
        REQUIRE(root.create_task(user_thread(2),
                                 [&](User& user) { user.send(user_thread(1), Message(0, {2})); }));
        pause(root);
        CHECK(root.receive(user_thread(1)).ok());
        if (halts)
          CHECK((root.exchange_registers(user_thread(1), apply_halt | halt).control & 7) == was_receiving);
        CHECK((root.exchange_registers(user_thread(1), 0).control & 7) ==
              (was_receiving | (halts ? was_halted : 0)));
        if (moves)
          CHECK(root.thread_control(user_thread(1), user_thread(2), ThreadId::nil(), ThreadId::nil(),
                                    task_utcb_area.base() + 3 * utcb_size));
        else root.exchange_registers(user_thread(1), abort_receive);
        CHECK((root.exchange_registers(user_thread(1), 0).control & 7) == (halts ? was_halted : 0));
        pause(root);
        CHECK(errors.empty() == halts);
        if (halts) root.exchange_registers(user_thread(1), apply_halt);
        pause(root);
      });
      machine.run();
      REQUIRE(errors.size() == 1);
      CHECK(errors[0] == ipc_error_word(Phase::receive, IpcError::cancelled));
    }
}

TEST_CASE("a sender that was halted in the middle of a transfer stays so, whoever ends the transfer") {
  enum class End { abort, abort_partner, timeout, delete_partner };
  for (const End end : {End::abort, End::abort_partner, End::timeout, End::delete_partner}) {
    CAPTURE(static_cast<int>(end));
    Machine machine;
    unsigned done = 0;
    u64 error = 0;
    constexpr Address source = 0x100'0000, target = 0x180'0000;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(
          user_thread(2),
          [](User& user) {
            user.accept_strings({u64{100} << 10, target});
            user.receive(ThreadId::any());
            user.receive(user.id());
          },
          root_id));  // who never answers
      REQUIRE(root.create_task(
          user_thread(1),
          [&](User& user) {
            user.load(source);
            if (end == End::timeout) user.utcb().xfer_timeouts = u64{Time::period(20 * ms).raw} << 16;
            error = user.send(user_thread(2), Message(0).string(source, 100)).error;
            ++done;
            user.receive(user.id());
          },
          sigma0_id));
      pause(root);
      CHECK(root.schedule(user_thread(1)).state == 5);
      REQUIRE(root.create_thread(user_thread(5), user_thread(1), 1, [&](User& user) {
        user.exchange_registers(user_thread(1), apply_halt | halt);
        if (end == End::abort) user.exchange_registers(user_thread(1), abort_send);
        user.receive(user.id(), timed(Time::period(40 * ms)));
        CHECK(done == 0);
        CHECK((user.exchange_registers(user_thread(1), 0).control & 7) == was_halted);
        user.exchange_registers(user_thread(1), apply_halt);
        user.receive(user.id());
      }));
      pause(root);
      if (end == End::abort_partner) root.exchange_registers(user_thread(2), abort_receive);
      if (end == End::delete_partner) CHECK(root.destroy(user_thread(2)));
      root.receive(root.id(), timed(Time::period(100 * ms)));
    });
    machine.run();
    CHECK(done == 1);
    CHECK(error ==
          ipc_error_word(Phase::send, end == End::timeout ? IpcError::xfer_timeout_own : IpcError::aborted));
  }
}

TEST_CASE("the FS base: who has set one has it whenever it runs, and nobody else") {
  Machine machine;
  unsigned looks = 0;
  machine.boot([&](User& root) {
    const auto look = [&](User& user, Address expected) {
      CHECK(machine.fs_base == expected);
      CHECK(user.thread().fs_base == expected);
      ++looks;
    };
    const auto serve = [&, look](Address base) {
      return [&, look, base](User& user) {
        if (base != 0) CHECK(user.set_fs_base(user.id(), base).id == user.local_id());
        Received message = user.receive(ThreadId::any());
        for (;;) {
          look(user, base);
          message = user.reply_wait(message.from, Message(0, {1}));
        }
      };
    };
    REQUIRE(root.create_task(user_thread(1), serve(0x1000)));
    REQUIRE(root.create_task(user_thread(2), serve(0x1000)));
    REQUIRE(root.create_task(user_thread(3), serve(0)));
    for (unsigned i = 0; i < 12; ++i) {
      if (i == 6) CHECK(root.set_fs_base(root.id(), 0x2000).fs_base == 0);
      if (i == 9) CHECK(root.set_fs_base(root.id(), 0).fs_base == 0x2000);
      CHECK(root.call(user_thread(1 + i % 3)).ok());
      look(root, i >= 6 && i < 9 ? 0x2000 : 0);
    }
    // Another's, which waits as the fast path lets it.
    CHECK(root.set_fs_base(user_thread(1), 0x3000).fs_base == 0x1000);
    CHECK(find_fs_base(user_thread(1)) == 0x3000);
    for (const u64 bad : {user_end, u64{1} << 47, ~u64{0}, u64{0xffff'8000'0000'0000}}) {
      const ExchangeResult x = root.exchange_registers(
          user_thread(1), (u64{1} << 14) | set_ip | apply_halt | halt, 1, 2, 3, 4, 5, bad);
      CHECK(x.id.is_nil());
      CHECK(root.error_code() == static_cast<u64>(CallError::invalid_parameter));
    }
    CHECK((root.exchange_registers(user_thread(1), 0).control & 7) == was_receiving);
    CHECK(find_fs_base(user_thread(1)) == 0x3000);
  });
  machine.run();
  CHECK(looks == 24);
}

TEST_CASE("a thread that renames itself while others send to it is known to the fast path") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.utcb().virtual_sender = user.id().raw;
      user.send(root_id, Message(0, {1}));
    }));
    const ThreadId line = ThreadId::interrupt(4);
    REQUIRE(root.thread_control(line, line, ThreadId::nil(), root_id));
    root.interrupt(4);
    CHECK(root.thread_control(ThreadId::global(root_id.number(), 5), root_id, ThreadId::nil(),
                              ThreadId::nil()));
    CHECK(root.receive(line).ok());
    done = true;
  });
  machine.run();
  CHECK(done);
}
