// SPDX-License-Identifier: MIT
// Interrupt lines and their threads: all of them, what they are doing, what
// acknowledges them, and what cannot be done to them. The serial port, which holds
// its line from the moment when it may, serves as device.
#include <runtime/io.h>

#include "interrupts.h"

using namespace guest;

namespace {

using l4::ThreadId;
using runtime::in8;
using runtime::out8;
const ThreadId nil = ThreadId::nil();

constexpr ThreadId serial = interrupt_id(4), quiet_line = interrupt_id(7);

// The port wants service (its sender is empty), until it is silenced.
constexpr std::uint16_t port = runtime::serial_port;
void ring() {
  out8(port + 4, static_cast<std::uint8_t>(in8(port + 4) | 8));
  out8(port + 1, 0);
  out8(port + 1, 2);
}
void silence() {
  out8(port + 1, 0);
  in8(port + 2);
}
void expect_silence(ThreadId from, Location at = Location::current()) {
  expect_failed(wait_interrupt(from, false, 5'000).tag, receive_timeout, at);
}

Word number_of_lines() { return L4_ThreadIdSystemBase(nullptr) - L4_NumMessageInterrupts(); }

}  // namespace

TEST("every line but 0 and 2 can be had, all at once, and again") {
  expect(number_of_lines() >= 16);
  for (unsigned round = 0; round < 2; ++round) {
    for (Word n = 0; n < number_of_lines(); ++n) {
      context("line", n);
      const bool there = n != 0 && n != 2;
      expect_eq(attach(interrupt_id(n), ThreadId::self()), there ? 0u : Word{L4_ErrInvalidThread});
      expect_eq(state_of(interrupt_id(n)), there ? Word{L4_SCHEDRESULT_RUNNING} : 0u);
    }
    // The port's is one of them.
    context("round", round);
    ring();
    expect_interrupt(wait_interrupt(serial), serial);
    silence();
    for (Word n = number_of_lines(); n-- > 0;) {
      context("line", n);
      const bool there = n != 0 && n != 2;
      expect_eq(detach(interrupt_id(n)), there ? 0u : Word{L4_ErrInvalidThread});
      expect_eq(state_of(interrupt_id(n)), 0u);
    }
  }
  context("");
}

TEST("Schedule says what an attached line is doing, and takes a priority, which changes nothing") {
  for (const Word priority : {Word{255}, Word{1}}) {
    context("priority", priority);
    expect_eq(state_of(serial), Word{L4_SCHEDRESULT_ERROR});
    expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidThread});
    expect_eq(L4_Set_Priority(serial, priority), Word{L4_SCHEDRESULT_ERROR});
    expect_eq(attach(serial, ThreadId::self()), 0u);
    expect_eq(L4_Set_Priority(serial, priority), Word{L4_SCHEDRESULT_RUNNING});
    expect_eq(L4_Set_Priority(serial, 256), Word{L4_SCHEDRESULT_ERROR});
    expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidParam});
    ring();
    expect_eq(state_of(serial), Word{L4_SCHEDRESULT_PENDING_SEND});
    expect_interrupt(wait_interrupt(serial), serial);
    expect_eq(state_of(serial), Word{L4_SCHEDRESULT_WAITING});
    silence();
    expect_ok(send(serial, 0));
    expect_eq(state_of(serial), Word{L4_SCHEDRESULT_RUNNING});
    const ThreadId task = spawn_task([](Word) {
      expect_eq(state_of(serial), Word{L4_SCHEDRESULT_ERROR});
      expect_eq(L4_ErrorCode(), Word{L4_ErrNoPrivilege});
    });
    expect(finishes(task));
    expect_eq(detach(serial), 0u);
  }
}

TEST("detached while its message is queued or unacknowledged: nothing comes, and a held line comes anew") {
  for (unsigned taken = 0; taken < 2; ++taken) {
    context("taken", taken);
    expect_eq(attach(serial, ThreadId::self()), 0u);
    ring();
    if (taken != 0) expect_interrupt(wait_interrupt(serial), serial);
    expect_eq(detach(serial), 0u);
    expect_silence(ThreadId::any());
    expect_failed(send(serial, 0), send_no_partner);
    expect_eq(attach(serial, ThreadId::self()), 0u);  // the port still asks
    expect_interrupt(wait_interrupt(serial), serial);
    silence();
    expect_eq(detach(serial), 0u);
    expect_eq(detach(serial), 0u);
  }
}

TEST("a device that is not silent when it is acknowledged is heard again") {
  expect_eq(attach(serial, ThreadId::self()), 0u);
  ring();
  expect_interrupt(wait_interrupt(serial), serial);
  for (unsigned i = 0; i < 5; ++i) expect_interrupt(wait_interrupt(serial, true), serial);
  silence();
  expect_ok(send(serial, 0));
  expect_silence(serial);
  expect_eq(detach(serial), 0u);
}

TEST("any message acknowledges: with words, with an item, by Lipc, with a timeout of zero") {
  expect_eq(attach(serial, ThreadId::self()), 0u);
  ring();
  expect_interrupt(wait_interrupt(serial), serial);
  for (unsigned kind = 0; kind < 4; ++kind) {
    context("kind", kind);
    expect_eq(state_of(serial), Word{L4_SCHEDRESULT_WAITING});
    l4::Tag tag = l4::Tag::make(77, 3);
    Frame f = marked_frame();
    if (kind == 1) {
      tag = l4::Tag::make(0, 0, 2);
      mr(f, 1) = L4_MapItem(l4::Fpage::page(reinterpret_cast<Word>(&context_value), l4::full_access), 0).raw[0];
      mr(f, 2) = l4::Fpage::page(reinterpret_cast<Word>(&context_value), l4::full_access).raw;
    }
    expect_ok(ipc(f, serial, nil, kind == 3 ? Word{send_zero} : Word{never}, tag,
                  kind == 2 ? l4_links.lipc : l4_links.ipc));
    expect_interrupt(wait_interrupt(serial), serial);
  }
  context("");
  // A badly shaped one is error 4, as to anybody, and acknowledges nothing.
  Frame f = marked_frame();
  expect_failed(ipc(f, serial, nil, never, l4::Tag::make(0, 0, 1)), send_overflow);
  expect_eq(state_of(serial), Word{L4_SCHEDRESULT_WAITING});
  silence();
  expect_ok(send(serial, 0));
  expect_eq(detach(serial), 0u);
}

TEST("interrupts queue like senders: one of two lines, a thread, in the order in which they came") {
  static ThreadId me;
  me = ThreadId::self();
  expect_eq(attach(serial, me), 0u);
  ring();
  const ThreadId sender = spawn([](Word) { send(me, 9); }, 0, {.priority = 210});
  require(becomes(sender, L4_SCHEDRESULT_PENDING_SEND));
  expect_interrupt(receive(ThreadId::any(), timeouts(0, second)), serial);
  const Received r = receive(ThreadId::any(), timeouts(0, second));
  expect_eq(r.tag.label(), 9);
  silence();
  // A wait for any local thread admits no interrupt, nor does one for another.
  expect_ok(send(serial, 0));
  ring();
  expect_silence(ThreadId::any_local());
  expect_eq(attach(quiet_line, me), 0u);
  expect_silence(quiet_line);
  expect_interrupt(wait_interrupt(serial), serial);
  silence();
  expect_eq(detach(quiet_line), 0u);
  expect_eq(detach(serial), 0u);
}

TEST("the handler by its local id; the other arguments are not looked at, but for local ids of nobody") {
  const ThreadId me = ThreadId::self(), my_local(L4_MyLocalId().raw), other(me.raw + 0x4000000);
  expect_eq(attach(serial, my_local), 0u);
  ring();
  expect_interrupt(wait_interrupt(serial), serial);
  expect_eq(thread_control(serial, other, other, me, 0x1234), 0u);
  expect_interrupt(wait_interrupt(serial), serial);
  silence();
  const ThreadId nobody(utcb_at(200) + 0x200);
  expect_eq(thread_control(serial, nobody, nil, me), Word{L4_ErrInvalidSpace});
  expect_eq(thread_control(serial, serial, nobody, me), Word{L4_ErrInvalidScheduler});
  expect_eq(thread_control(serial, serial, nil, nobody), Word{L4_ErrInvalidThread});
  expect_eq(state_of(serial), Word{L4_SCHEDRESULT_WAITING});  // still attached
  expect_eq(detach(serial), 0u);
}

TEST("an interrupt is no thread for other calls") {
  expect_eq(attach(serial, ThreadId::self()), 0u);
  l4_exchange x = {.control = 0x1fe, .sp = 1, .ip = 1, .flags = 0, .user_handle = 1, .pager = 1};
  expect_eq(l4_exchange_registers(serial.raw, &x), 0u);
  expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidThread});
  Slot& slot = take_slot();
  expect_eq(thread_control(slot.id, serial, ThreadId::self(), nil), Word{L4_ErrInvalidSpace});
  expect_eq(space_control(serial, kip_area, utcb_area, nil), Word{L4_ErrInvalidSpace});
  L4_ThreadSwitch(serial);
  expect_eq(state_of(serial), Word{L4_SCHEDRESULT_RUNNING});
  ring();
  expect_interrupt(wait_interrupt(serial), serial);
  silence();
  expect_eq(detach(serial), 0u);
  slot.id = nil;
}

TEST("a redirector does not hold for acknowledgments") {
  static volatile unsigned count;
  count = 0;
  const ThreadId handler = spawn_task(
      [](Word) {
        touch_program();  // its faults would not leave the space
        receive(serial);
        for (;;) {
          count = count + 1;
          if (call(serial, 0).tag.failed()) sleep_for_ever();
        }
      },
      0, {.priority = 150});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  expect_eq(space_control(handler, kip_area, utcb_area, ThreadId::any_local()), 0u);
  expect_eq(attach(serial, handler), 0u);
  ring();
  expect(eventually([] { return count > 3; }));
  silence();
  expect_eq(detach(serial), 0u);
}

TEST("a halted handler's message is queued and taken when it runs again") {
  static volatile unsigned count;
  count = 0;
  const ThreadId handler = spawn([](Word) {
    while (receive(serial).tag.failed()) {
    }
    silence();
    count = 1;
  });
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  L4_Stop(handler);
  expect_eq(attach(serial, handler), 0u);
  ring();
  sleep_us(2'000);
  expect_eq(count, 0u);
  l4_exchange run = {.control = L4_ExRegApplyHalt, .sp = 0, .ip = 0, .flags = 0, .user_handle = 0, .pager = 0};
  expect(l4_exchange_registers(handler.raw, &run) != 0);
  expect(eventually([] { return count == 1; }));
  expect_eq(detach(serial), 0u);
}

TEST("a renamed handler keeps its line, waiting, with a message queued or unacknowledged") {
  static volatile unsigned count;
  static volatile bool goes_on;
  for (unsigned moment = 0; moment < 3; ++moment) {
    context("moment", moment);
    count = 0;
    goes_on = false;
    const ThreadId handler = spawn_task(
        [](Word busy) {
          if (busy != 0) {
            while (!goes_on) sleep_us(500);
          }
          receive(serial);
          count = 1;
          while (!goes_on) sleep_us(500);
          call(serial, 0);
          count = 2;
          sleep_for_ever();
        },
        moment == 1, {.priority = 210});
    sleep_us(2'000);
    expect_eq(attach(serial, handler), 0u);
    if (moment != 0) ring();
    const ThreadId renamed(handler.raw + 0x4000000);
    expect_eq(thread_control(renamed, handler, nil, nil), 0u);
    slot_of(handler).id = renamed;
    if (moment == 0) ring();
    goes_on = true;
    expect(eventually([] { return count == 2; }));  // the port is never silenced
    expect_eq(detach(serial), 0u);
    silence();
    end_thread(renamed);
  }
}
