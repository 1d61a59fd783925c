// SPDX-License-Identifier: MIT
// Interrupts as messages (manual, chapters 2.4 and 7.1): the real-time clock on line
// 8 and the serial port on line 4.
#include <runtime/io.h>

#include "interrupts.h"

using namespace guest;

namespace {

using l4::ThreadId;
using runtime::in8;
using runtime::out8;
const ThreadId nil = ThreadId::nil();

constexpr ThreadId line(Word number) { return interrupt_id(number); }
constexpr ThreadId clock = line(8), serial = line(4);

std::uint8_t cmos(std::uint8_t index) {
  out8(0x70, index);
  return in8(0x71);
}
void set_cmos(std::uint8_t index, std::uint8_t value) {
  out8(0x70, index);
  out8(0x71, value);
}
// Once: the ports stay in the root task's space.
void own_ports() {
  static bool owned = false;
  if (!owned) require(runtime::claim_ports(0x70, 1));
  owned = true;
}
// 1024 interrupts a second; each is held until it is seen.
void start_clock() {
  own_ports();
  set_cmos(10, 0x26);
  set_cmos(11, static_cast<std::uint8_t>((cmos(11) & 0x0f) | 0x42));
  cmos(12);
}
void stop_clock() {
  set_cmos(11, static_cast<std::uint8_t>(cmos(11) & 0x0f));
  cmos(12);
}
void see_clock() { cmos(12); }

}  // namespace

TEST(
    "the clock's interrupt: a message without words from its line; the acknowledgment lets the next one "
    "come") {
  start_clock();
  expect_eq(attach(clock, ThreadId::self()), 0u);
  Received r = wait_interrupt(clock);
  for (int i = 0; i < 10; ++i) {
    expect_eq(r.tag.raw, interrupt_tag);
    expect_eq(r.from, clock);
    see_clock();
    r = wait_interrupt(clock, true);
  }
  stop_clock();
  expect_eq(detach(clock), 0u);
}

TEST("without an acknowledgment no further one comes") {
  start_clock();
  expect_eq(attach(clock, ThreadId::self()), 0u);
  expect_ok(wait_interrupt(clock).tag);
  see_clock();
  expect_failed(wait_interrupt(clock, false, 20'000).tag, receive_timeout);
  expect_ok(send(clock, 0));
  see_clock();
  expect_ok(wait_interrupt(clock).tag);
  stop_clock();
  expect_eq(detach(clock), 0u);
}

TEST("a handler that does not wait finds the interrupt queued, in an open wait too") {
  start_clock();
  expect_eq(attach(clock, ThreadId::self()), 0u);
  for (const Word end = now() + 10'000; now() < end;) {
  }
  const Received r = receive(ThreadId::any(), receive_zero);
  expect_eq(r.tag.raw, interrupt_tag);
  expect_eq(r.from, clock);
  see_clock();
  // Reply and wait in one.
  const Received next = reply_wait(clock, 0, timeouts(0, second) | send_zero);
  expect_eq(next.tag.raw, interrupt_tag);
  stop_clock();
  expect_eq(detach(clock), 0u);
}

TEST("a handler in another space, of high priority: each interrupt preempts the busy test") {
  static volatile unsigned count;
  static ThreadId me;
  me = ThreadId::self();
  count = 0;
  const ThreadId handler = spawn_task(
      [](Word) {
        Received r = receive();
        for (;;) {
          if (r.from == clock && r.tag.raw == interrupt_tag) count = count + 1;
          call(me, 1);
          r = reply_wait(clock, 0);
        }
      },
      0, {.priority = 210});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  start_clock();
  expect_eq(attach(clock, handler), 0u);
  for (unsigned i = 1; i <= 5; ++i) {
    expect(([&] {
             for (const Word end = now() + second; now() < end;) {
               if (count == i) return true;
             }
             return false;
           })(),
           "preempted");
    expect_ok(receive(handler, timeouts(0, second)).tag);
    see_clock();
    expect_ok(send(handler, 1));
  }
  stop_clock();
  expect_eq(detach(clock), 0u);
}

TEST("after detaching nothing comes; another handler can be attached; attaching again moves it") {
  static volatile unsigned count;
  count = 0;
  start_clock();
  expect_eq(attach(clock, ThreadId::self()), 0u);
  expect_ok(wait_interrupt(clock).tag);
  expect_eq(detach(clock), 0u);
  see_clock();
  expect_failed(send(clock, 0), send_no_partner);
  expect_failed(receive(ThreadId::any(), timeouts(0, 10'000)).tag, receive_timeout);
  const ThreadId other = spawn([](Word) {
    receive(clock);
    count = count + 1;
  });
  require(becomes(other, L4_SCHEDRESULT_WAITING));
  see_clock();
  expect_eq(attach(clock, ThreadId::self()), 0u);
  expect_eq(attach(clock, other), 0u);
  expect(eventually([] { return count == 1; }));
  stop_clock();
  expect_eq(detach(clock), 0u);
}

TEST("the end of a handler detaches its interrupt, queued or taken or not yet come") {
  for (int phase = 0; phase < 3; ++phase) {
    context("phase", static_cast<Word>(phase));
    static ThreadId handler;
    handler = spawn_task([](Word) { receive(clock); });
    require(becomes(handler, L4_SCHEDRESULT_WAITING));
    if (phase != 0) start_clock();
    if (phase == 1) L4_Stop(handler);
    if (phase == 1)
      start(
          handler, [](Word) { sleep_for_ever(); }, 0, runner);
    sleep_us(1000);
    expect_eq(attach(clock, handler), 0u);
    sleep_us(5000);
    end_thread(handler);
    start_clock();
    expect_eq(attach(clock, ThreadId::self()), 0u);
    see_clock();
    expect_ok(wait_interrupt(clock).tag);
    stop_clock();
    expect_eq(detach(clock), 0u);
  }
}

TEST("errors: bad lines, versions, handlers and privileges") {
  const ThreadId me = ThreadId::self(), nobody = ThreadId::global(0x3fff0, 1);
  const auto refused = [&](ThreadId id) {
    context("line", id.raw);
    expect_eq(attach(id, me), Word{L4_ErrInvalidThread});
    expect_eq(detach(id), Word{L4_ErrInvalidThread});
  };
  for (const ThreadId id : {line(0), line(2), ThreadId::global(8, 2), ThreadId::global(8, 3)}) refused(id);
  for (Word n = L4_ThreadIdSystemBase(nullptr); n < L4_ThreadIdUserBase(nullptr); ++n) refused(line(n));
  Slot& inactive = take_slot();
  expect_eq(thread_control(inactive.id, me, me, nil), 0u);
  for (const ThreadId handler : {nobody, ThreadId(me.raw + 2), line(4), inactive.id, ThreadId::any(), nil}) {
    context("handler", handler.raw);
    expect_eq(attach(clock, handler), Word{L4_ErrInvalidThread});
  }
  context("");
  const ThreadId task =
      spawn_task([](Word) { expect_eq(attach(clock, ThreadId::self()), Word{L4_ErrNoPrivilege}); });
  expect(finishes(task));
}

TEST("an acknowledgment by a stranger, or of nothing: error 2, or nothing") {
  expect_failed(send(clock, 0), send_no_partner);  // not attached
  expect_eq(attach(clock, ThreadId::self()), 0u);
  expect_ok(send(clock, 0));
  expect_ok(send(clock, 0));
  const ThreadId task = spawn_task([](Word) {
    expect_failed(send(clock, 0), send_no_partner);
    expect_failed(send(ThreadId::global(8, 3), 0), send_no_partner);
    expect_failed(receive(clock, timeouts(0, 500)).tag, receive_timeout);
  });
  expect(finishes(task));
  expect_eq(detach(clock), 0u);
}

TEST("an interrupt's thread can be scheduled while it is attached") {
  expect_eq(state_of(clock), 0u);
  expect_eq(attach(clock, ThreadId::self()), 0u);
  expect(L4_Set_Priority(clock, 200) != 0);
  expect(L4_Set_Priority(clock, 255) != 0);
  expect_eq(detach(clock), 0u);
  expect_eq(state_of(clock), 0u);
}

TEST("the serial port's interrupt on line 4") {
  constexpr std::uint16_t port = 0x3f8;
  const std::uint8_t modem = in8(port + 4);
  expect_eq(attach(serial, ThreadId::self()), 0u);
  for (int i = 0; i < 5; ++i) {
    out8(port + 4, modem | 8);  // the line is connected
    out8(port + 1, 2);          // when the sender is empty, which it is
    const Received r = wait_interrupt(serial, i != 0);
    expect_eq(r.tag.raw, interrupt_tag);
    expect_eq(r.from, serial);
    in8(port + 2);
    out8(port + 1, 0);
  }
  out8(port + 4, modem);
  expect_eq(detach(serial), 0u);
}
