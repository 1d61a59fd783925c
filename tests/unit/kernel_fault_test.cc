// SPDX-License-Identifier: MIT
// Faults, exceptions, interrupts and FPU state through the kernel's own code.
#include <doctest/doctest.h>

#include "harness/parts.h"
#include "kip.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000, no_partner_send = 4;
constexpr u64 set_ip = 16, apply_halt = 256;

}  // namespace

TEST_CASE("a thread that was stopped by a fault is an ordinary one when it goes on") {
  Machine machine;
  u64 heard = 0;
  machine.boot([&](User& root) {
    const Address again = machine.address_of([&](User& user) {
      user.send(root_id, Message(0, {99}));
      heard = user.receive(root_id)[1];
    });
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.utcb().pager = 0;
      user.load(0x400000);
    }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    CHECK(root.schedule(user_thread(1)).state == 2);
    // Nobody is its pager, so only its own space may restart it.
    CHECK(root.exchange_registers(user_thread(1), apply_halt).id.is_nil());
    REQUIRE(root.create_thread(user_thread(2), user_thread(1), 1, [again](User& user) {
      user.exchange_registers(user_thread(1), apply_halt | set_ip, 0, again);
    }));
    const Received message = root.receive(user_thread(1));
    CHECK(message.ok());
    CHECK(message.tag().raw == MsgTag::make(0, 1).raw);
    CHECK(message[1] == 99);
    CHECK(root.send(user_thread(1), Message(0, {42})).ok());
  });
  machine.run();
  CHECK(heard == 42);
}

TEST_CASE("an interrupt is a message, and the line stays masked until the answer") {
  Machine machine;
  unsigned interrupts = 0;
  const ThreadId line = ThreadId::interrupt(4);
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& driver) {
      Received message = driver.receive(ThreadId::any());
      for (;;) {
        CHECK(message.from == line);
        CHECK(message.tag().raw == MsgTag::make(label_interrupt, 0).raw);
        ++interrupts;
        CHECK(machine.line_masked[4]);
        message = driver.reply_wait(line, {});
      }
    }));
    CHECK(machine.line_masked[4]);
    CHECK(root.send(line).error == no_partner_send);
    REQUIRE(root.thread_control(line, line, ThreadId::nil(), user_thread(1)));
    CHECK(!machine.line_masked[4]);
    for (int i = 0; i < 3; ++i) {
      root.interrupt(4);
      root.receive(root.id(), timed(Time::period(1 * ms)));
      CHECK(!machine.line_masked[4]);
    }
    CHECK(interrupts == 3);
    // Under another version the driver still gets them.
    REQUIRE(root.thread_control(user_thread(1, 2), user_thread(1), ThreadId::nil(), ThreadId::nil()));
    root.interrupt(4);
    root.receive(root.id(), timed(Time::period(1 * ms)));
    CHECK(interrupts == 4);
    REQUIRE(root.thread_control(line, line, ThreadId::nil(), line));
    CHECK(machine.line_masked[4]);
  });
  machine.run();
}

TEST_CASE("FPU registers belong to the thread") {
  Machine machine;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      Received request = user.receive(ThreadId::any());
      CHECK(user.fpu() == 0);
      user.fpu() = 222;
      for (;;) {
        request = user.reply_wait(request.from, {});
        CHECK(user.fpu() == 222);
      }
    }));
    root.fpu() = 111;
    for (int i = 0; i < 5; ++i) {
      CHECK(root.call(user_thread(1)).ok());
      CHECK(root.fpu() == 111);
    }
  });
  machine.run();
}

TEST_CASE("exceptions carry the registers there and back") {
  Machine machine;
  bool resumed = false;
  machine.boot([&](User& root) {
    const Address fixed = machine.address_of([&](User& user) {
      CHECK(user.machine().user.r.r15 == 15);
      CHECK(user.machine().user.rsp == 0x7777);
      CHECK(user.machine().user.flags == (0x202 | 0xd5));
      resumed = true;
    });
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.utcb().exception_handler = root_id.raw;
      user.machine().user.r.r8 = 88;
      user.exception(13, 0x1234);
    }));
    const Received message = root.receive(ThreadId::any());
    CHECK(message.from == user_thread(1));
    CHECK(message.tag().raw == MsgTag::make(label_exception, 20).raw);
    CHECK(message[14] == 88);
    CHECK(message[17] == 0x8000);
    CHECK(message[19] == 13);
    CHECK(message[20] == 0x1234);
    Message reply(0);
    reply.mr = message.message.mr;
    reply.mr[0] = 20;
    reply.mr[1] = fixed;
    reply.mr[7] = 15;
    reply.mr[17] = 0x7777;
    reply.mr[18] = 0x30d5 | 1 << 9 | 1 << 14;  // IOPL and NT are not for the asking
    CHECK(root.send(user_thread(1), reply).ok());
  });
  machine.run();
  CHECK(resumed);
}

TEST_CASE("two threads that handle each other's bad jumps stop only themselves") {
  Machine machine;
  unsigned witness = 0;
  machine.boot([&](User& root) {
    constexpr u64 nowhere = u64{1} << 62;
    const auto jump = [nowhere = nowhere](User& user) {
      user.exchange_registers(user.id(), set_ip, 0, nowhere);
    };
    REQUIRE(root.create_task(user_thread(2), [&](User& user) {
      user.utcb().exception_handler = user_thread(1).raw;
      user.receive(user_thread(1));
      jump(user);
    }));
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      user.utcb().exception_handler = user_thread(2).raw;
      jump(user);
    }));
    for (int i = 0; i < 5; ++i) {
      root.receive(root.id(), timed(Time::period(1 * ms)));
      ++witness;
    }
  });
  machine.run();
  CHECK(witness == 5);
}

TEST_CASE("KernelInterface is an invalid opcode that the kernel knows") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    constexpr Address code = u64{16} << 20;
    root.store(code, 0x90f0);  // lock nop
    root.exception_at(code, 6);
    const Registers& r = machine.user.r;
    CHECK(r.rip == code + 2);
    CHECK(r.rax == 0xbff00000);
    CHECK(r.rcx == kip.api_version);
    CHECK(r.rdx == kip.api_flags);
    CHECK(r.rsi == kip.kernel_id);
    CHECK(root.load(r.rax) == Kip::expected_magic);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("half of KernelInterface at the end of what can be read is only an invalid opcode") {
  Machine machine;
  bool asked = false, went_on = false;
  machine.boot([&](User& root) {
    constexpr Address code = u64{16} << 20;
    root.store(code, 0x90f0);
    root.store(code + page_size - 8, u64{0xf0} << 56);
    root.exception_at(code, 6);
    asked = true;
    root.exception_at(code + page_size - 1, 6);  // no handler: the thread is halted
    went_on = true;
  });
  machine.run();
  CHECK(asked);
  CHECK_FALSE(went_on);
}

// Most of these answers have a short way in the kernel when the fast path is on.
TEST_CASE("a pager's answer does the same, whatever the kernel's way for it") {
  enum class Answer {
    one_page,
    by_local_id,
    closed_wait,
    finite_wait,
    with_a_word,
    with_a_label,
    two_pages,
    granted,
    without_rights,
    twice,
    to_a_halted_one,
    while_another_is_urgent,
    while_another_has_sent,
    nothing,
  };
  constexpr Address at = 0x405000, ram = spare_ram;
  const ThreadId pager = user_thread(1), faulter = user_thread(2), other = user_thread(3);
  for (int n = 0; n <= static_cast<int>(Answer::nothing); ++n) {
    const Answer answer = static_cast<Answer>(n);
    u64 faults[2] = {}, heard[2] = {}, order[2] = {};
    bool ended[2] = {}, kept[2] = {};
    for (const bool fast_path : {false, true}) {
      CAPTURE(n);
      CAPTURE(fast_path);
      Machine machine({.fast_path = fast_path});
      bool done = false;
      machine.boot([&](User& root) {
        take_pages(root);
        const auto serve = [&](User& user) {
          const Rights all = Rights::all();
          u64& count = faults[fast_path];
          Received fault = user.receive(ThreadId::any());
          for (;;) {
            if (fault.tag().label() >> 4 != label_page_fault >> 4) {
              ++heard[fast_path];
              fault = user.receive(ThreadId::any());
              continue;
            }
            if (fault[1] < at) {
              Message before;
              before.map(Fpage::memory(ram + page_size, 12, Rights::all()), at - page_size);
              fault = user.ipc(faulter, ThreadId::any(), before);
              continue;
            }
            ++count;
            CHECK(fault[1] / page_size == at / page_size);
            const bool first = count == 1;
            Fpage pages = Fpage::memory(ram, answer == Answer::two_pages ? 13 : 12, all);
            if (answer == Answer::without_rights && first) pages = Fpage::memory(ram, 12, Rights::none());
            Message message(answer == Answer::with_a_label ? 5 : 0);
            if (answer == Answer::with_a_word) message = Message(0, {7});
            if (answer != Answer::nothing || !first) {
              if (answer == Answer::granted) message.grant(pages, at);
              else message.map(pages, at);
            }
            if (answer == Answer::to_a_halted_one && first) user.exchange_registers(faulter, apply_halt | 1);
            if (answer == Answer::while_another_has_sent && first) pause(user);
            if (answer == Answer::while_another_is_urgent && first) user.spend(2 * ms);
            const ThreadId whom =
                answer == Answer::by_local_id ? ThreadId{find_thread(faulter)->utcb} : faulter;
            const ThreadId from = answer == Answer::closed_wait ? faulter : ThreadId::any();
            const u64 times = answer == Answer::finite_wait ? timed(Time::period(40 * ms)) : 0;
            fault = user.ipc(whom, from, message, times);
            if (!fault.ok()) break;
          }
          ended[fast_path] = true;
          user.receive(user.id());
        };
        const auto touch = [&](User& user) {
          // New threads, and pages without a table, have no short ways.
          pause(user);
          user.store(at - page_size, 1);
          user.store(at, 4711);
          CHECK(user.load(at) == 4711);
          order[fast_path] = order[fast_path] * 10 + 2;
          if (answer == Answer::twice) {
            user.store(at + 8, 1);
            CHECK(user.unmap(Fpage::memory(at, 12, Rights::all()), true).has(Rights::w));
            user.store(at + 16, 2);
          }
          if (answer != Answer::finite_wait)
            user.send(pager, Message(9), timed(Time::never(), Time::period(5 * ms)));
          done = true;
        };
        // All in the root task's space, so that the pager has its pages.
        REQUIRE(root.create_thread(pager, root_id, 2, serve));
        if (answer == Answer::by_local_id) {
          REQUIRE(root.create_thread(faulter, root_id, 3, touch, pager));
        } else {
          REQUIRE(root.create_task(faulter, touch, pager));
        }
        REQUIRE(root.create_thread(other, root_id, 4, [&](User& user) {
          user.receive(user.id(), timed(Time::period(1500)));
          if (answer == Answer::while_another_has_sent) user.send(pager, Message(3));
          order[fast_path] = order[fast_path] * 10 + 3;
        }));
        if (answer == Answer::while_another_is_urgent) {
          root.schedule(pager, 200);
          root.schedule(other, 120);
        }
        for (int i = 0; i < 60; ++i) pause(root);
        if (answer == Answer::to_a_halted_one) {
          CHECK(!done);
          root.exchange_registers(faulter, apply_halt);
          for (int i = 0; i < 20; ++i) pause(root);
        }
        CHECK(done);
        const Slot page = root.thread().space->memory.find_page(ram / page_size);
        kept[fast_path] = page && page.present();
      });
      machine.run();
      CHECK(done);
    }
    CAPTURE(n);
    CHECK(kept[0] == (answer != Answer::granted));
    CHECK(kept[0] == kept[1]);
    CHECK(ended[0] == (answer == Answer::finite_wait));
    CHECK(ended[0] == ended[1]);
    CHECK(faults[0] > 0);
    CHECK(faults[0] == faults[1]);
    CHECK(heard[0] == heard[1]);
    CHECK(order[0] == order[1]);
  }
}
