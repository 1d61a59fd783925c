// SPDX-License-Identifier: MIT
// Message-signalled interrupts, and a PCI line, of QEMU's device for teaching.
#include "edu.h"
#include "interrupts.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();

ThreadId message(Word n) { return L4_MessageInterrupt(n); }

constexpr Word quiet = 20'000;  // us in which nothing comes

// An interrupt of the device's messages for this handler.
ThreadId attach_device(Word n, ThreadId handler) {
  require(edu::find(), "the device is there");
  edu::silence();
  const ThreadId id = message(n);
  Word address, data;
  require(L4_AssociateMessageInterrupt(id, handler, &address, &data) == 1, "attach");
  edu::enable_messages(address, data);
  return id;
}

void detach_device(ThreadId id) {
  edu::disable_messages();
  edu::silence();
  expect_eq(detach(id), 0u);
}

void expect_quiet(ThreadId id, Location at = Location::current()) {
  expect_failed(wait_interrupt(id, false, quiet).tag, receive_timeout, at);
}

}  // namespace

TEST("each message interrupt has an address and data of its own; lines have none") {
  require(L4_HasFeature("msi"));
  const Word count = L4_NumMessageInterrupts(), end = L4_ThreadIdSystemBase(nullptr);
  expect_eq(count, 24u);
  expect_eq(message(count - 1), interrupt_id(end - 1));
  Word seen[64] = {};
  for (Word n = 0; n < count; ++n) {
    context("message", n);
    Word address, data;
    const ThreadId id = message(n);
    expect_eq(L4_AssociateMessageInterrupt(id, ThreadId::self(), &address, &data), 1u);
    expect_eq(address >> 20, 0xfeeu);
    expect(data >= 0x30 && data < 0xff);
    for (Word i = 0; i < n; ++i) expect(seen[i] != data);
    seen[n] = data;
  }
  for (Word n = 0; n < count; ++n) expect_eq(detach(message(n)), 0u);
  context("");
  Word address, data;
  expect_eq(L4_AssociateMessageInterrupt(interrupt_id(8), ThreadId::self(), &address, &data), 1u);
  expect_eq(address, 0u);
  expect_eq(data, 0u);
  expect_eq(detach(interrupt_id(8)), 0u);
}

TEST("eight messages with data that differ in the low bits alone are there") {
  Word first[64], n = 0;
  for (; n < L4_NumMessageInterrupts(); ++n) {
    Word address;
    expect_eq(L4_AssociateMessageInterrupt(message(n), ThreadId::self(), &address, &first[n]), 1u);
  }
  bool found = false;
  for (Word i = 0; i + 8 <= n; ++i) found |= first[i] % 8 == 0 && first[i + 7] == first[i] + 7;
  expect(found);
  while (n-- > 0) expect_eq(detach(message(n)), 0u);
}

TEST("a message of the device is an interrupt; the acknowledgment lets the next one come") {
  const ThreadId id = attach_device(0, ThreadId::self());
  for (unsigned i = 0; i < 10; ++i) {
    context("round", i);
    edu::raise();
    expect_interrupt(wait_interrupt(id, i != 0), id);
    edu::silence();
  }
  context("");
  expect_ok(send(id, 0));
  expect_quiet(id);
  detach_device(id);
}

TEST("the device interrupts by itself, while the handler sleeps") {
  const ThreadId id = attach_device(5, ThreadId::self());
  edu::compute_factorial(10);
  expect_interrupt(wait_interrupt(id), id);
  expect_eq(edu::factorial(), 3628800u);
  detach_device(id);
}

TEST("messages before the acknowledgment are one further message, which is not lost") {
  const ThreadId id = attach_device(1, ThreadId::self());
  edu::raise();
  expect_interrupt(wait_interrupt(id), id);
  for (unsigned i = 0; i < 5; ++i) edu::raise();
  expect_quiet(id);
  expect_ok(send(id, 0));
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_PENDING_SEND});
  expect_interrupt(wait_interrupt(id), id);
  expect_ok(send(id, 0));
  expect_quiet(id);
  // The same where the answer and the next wait are one Ipc, closed and open.
  edu::raise();
  expect_interrupt(wait_interrupt(id), id);
  edu::raise();
  expect_interrupt(wait_interrupt(id, true), id);
  edu::raise();
  expect_interrupt(reply_wait(id, 0, timeouts(0, second) | send_zero), id);
  expect_ok(send(id, 0));
  expect_quiet(id);
  detach_device(id);
}

TEST("messages before the handler has taken the first are part of it") {
  const ThreadId id = attach_device(2, ThreadId::self());
  for (unsigned i = 0; i < 5; ++i) edu::raise();
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_PENDING_SEND});
  expect_interrupt(wait_interrupt(id), id);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});
  expect_ok(send(id, 0));
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
  expect_quiet(id);
  detach_device(id);
}

TEST("nothing is left of a message when its interrupt is detached, at any moment, or attached again") {
  for (unsigned moment = 0; moment < 4; ++moment) {
    context("moment", moment);
    const ThreadId id = attach_device(3, ThreadId::self());
    if (moment >= 1) edu::raise();
    if (moment >= 2) expect_interrupt(wait_interrupt(id), id);
    if (moment >= 3) edu::raise();
    expect_eq(detach(id), 0u);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
    expect_failed(send(id, 0), send_no_partner);
    edu::raise();  // while nobody is attached: nobody hears of it
    expect_quiet(id);
    Word address, data;
    expect_eq(L4_AssociateMessageInterrupt(id, ThreadId::self(), &address, &data), 1u);
    expect_quiet(id);
    edu::raise();
    expect_interrupt(wait_interrupt(id), id);
    edu::raise();
    // To itself, that is, from one handler to the next.
    expect_eq(L4_AssociateMessageInterrupt(id, ThreadId::self(), &address, &data), 1u);
    expect_quiet(id);
    detach_device(id);
  }
}

TEST("two interrupts of one handler: each has its own message and acknowledgment") {
  const ThreadId one = attach_device(6, ThreadId::self());
  const ThreadId two = attach_device(7, ThreadId::self());  // the device raises this one
  edu::raise();
  expect_interrupt(wait_interrupt(two), two);
  expect_quiet(one);
  edu::raise();
  expect_ok(send(one, 0));
  expect_quiet(two);
  expect_eq(detach(one), 0u);
  expect_interrupt(wait_interrupt(two, true), two);
  detach_device(two);
}

TEST("a handler in another space, more urgent than the test: each message preempts at once") {
  static volatile unsigned count;
  static ThreadId id;
  count = 0;
  id = message(8);
  const ThreadId handler = spawn_task(
      [](Word) {
        receive(id);
        for (;;) {
          count = count + 1;
          l4::Words m(l4::Tag::make(0, 0));
          l4::ipc_words(id, id, {never}, m);
        }
      },
      0, {.priority = 210});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  attach_device(8, handler);
  for (unsigned i = 1; i <= 100; ++i) {
    context("round", i);
    edu::raise();
    for (const Word end = now() + second; count != i && now() < end;) {
    }
    if (!expect_eq(count, i)) break;
  }
  context("");
  detach_device(id);
}

TEST("a renamed handler keeps its interrupts and what they have to say, at any moment") {
  static ThreadId id;
  static volatile unsigned count;
  static volatile bool goes_on;
  id = message(9);
  for (unsigned moment = 0; moment < 4; ++moment) {
    context("moment", moment);
    count = 0;
    goes_on = false;
    // 0: waits, 1: has a message queued, 2: has taken it, 3: another has come since.
    const ThreadId handler = spawn_task(
        [](Word at_once) {
          if (at_once == 0) {
            while (!goes_on) sleep_us(500);
          }
          receive(id);
          count = 1;
          while (!goes_on) sleep_us(500);
          l4::Words m(l4::Tag::make(0, 0));
          expect_ok(l4::send_words(id, m, {never}));
          receive(id);
          count = 2;
        },
        moment != 1, {.priority = 210});
    sleep_us(2'000);
    attach_device(9, handler);
    if (moment >= 1) edu::raise();
    if (moment >= 2) require(eventually([] { return count == 1; }));
    if (moment == 3) edu::raise();
    const ThreadId renamed(handler.raw + 0x4000000);
    expect_eq(thread_control(renamed, handler, nil, nil), 0u);
    slot_of(handler).id = renamed;
    constexpr Word states[] = {L4_SCHEDRESULT_RUNNING, L4_SCHEDRESULT_PENDING_SEND, L4_SCHEDRESULT_WAITING,
                               L4_SCHEDRESULT_WAITING};
    expect_eq(state_of(id), states[moment]);
    if (moment == 0) edu::raise();
    goes_on = true;
    expect(eventually([] { return count != 0; }));
    if (moment == 3) expect(eventually([] { return count == 2; }));
    else sleep_us(5'000);
    if (moment != 3) expect_eq(count, 1u);
    edu::raise();
    expect(eventually([] { return count == 2; }));
    detach_device(id);
    end_thread(renamed);
  }
}

TEST("the end of a handler, at any moment, leaves nothing; the next handler begins anew") {
  static ThreadId id;
  id = message(10);
  for (unsigned moment = 0; moment < 4; ++moment) {
    context("moment", moment);
    const ThreadId handler = spawn_task(
        [](Word waits) {
          if (waits != 0) receive(id);
          sleep_for_ever();
        },
        moment != 1, {.priority = 210});
    sleep_us(2'000);
    attach_device(10, handler);
    if (moment >= 1) edu::raise();
    if (moment >= 2) expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});
    if (moment == 3) edu::raise();
    end_thread(handler);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
    edu::raise();
    attach_device(10, ThreadId::self());
    expect_quiet(id);
    edu::raise();
    expect_interrupt(wait_interrupt(id), id);
    detach_device(id);
  }
}

TEST("a halted handler has its message queued, and takes it when it runs again") {
  static ThreadId id;
  static volatile unsigned count;
  id = message(11);
  count = 0;
  const ThreadId handler = spawn([](Word) {
    for (;;) {
      if (receive(id).tag.failed()) continue;
      count = count + 1;
      l4::Words m(l4::Tag::make(0, 0));
      l4::send_words(id, m, {never});
    }
  });
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  L4_Stop(handler);
  attach_device(11, handler);
  for (unsigned i = 0; i < 3; ++i) edu::raise();
  sleep_us(2'000);
  expect_eq(count, 0u);
  l4_exchange run = {.control = L4_ExRegApplyHalt, .sp = 0, .ip = 0, .flags = 0, .user_handle = 0, .pager = 0};
  expect(l4_exchange_registers(handler.raw, &run) != 0);
  expect(eventually([] { return count != 0; }));
  edu::raise();
  expect(eventually([] { return count >= 2; }));
  detach_device(id);
}

TEST("a flood of messages that nobody takes: the clock, time slices and other threads go on") {
  static volatile unsigned turns;
  static volatile bool over;
  turns = 0;
  over = false;
  // Attached and unacknowledged, then attached to nobody.
  for (unsigned attached = 0; attached < 2; ++attached) {
    context("attached", attached);
    const ThreadId id = attach_device(12, ThreadId::self());
    edu::raise();
    expect_interrupt(wait_interrupt(id), id);
    if (attached == 0) expect_eq(detach(id), 0u);
    over = false;
    const ThreadId flood = spawn([](Word) {
      while (!over) edu::raise();
    });
    const ThreadId other = spawn([](Word) {
      while (!over) turns = turns + 1;
    });
    L4_Set_Timeslice(flood, L4_TimePeriod(1000), L4_Never);
    L4_Set_Timeslice(other, L4_TimePeriod(1000), L4_Never);
    const unsigned before = turns;
    const Word start = now();
    sleep_us(50'000);
    expect(now() - start < 100'000, "woken late");
    expect(turns - before > 1000, "another thread had its turns");
    over = true;
    expect(finishes(flood));
    expect(finishes(other));
    if (attached == 1) {
      expect_interrupt(wait_interrupt(id, true), id);
      expect_ok(send(id, 0));
      expect_quiet(id);
      detach_device(id);
    } else {
      edu::disable_messages();
      edu::silence();
    }
    end_thread(flood);
    end_thread(other);
  }
}

TEST("errors: versions, handlers, privileges, acknowledgments by strangers") {
  const ThreadId id = attach_device(13, ThreadId::self());
  for (const ThreadId other : {ThreadId::global(id.number(), 2), ThreadId::global(id.number(), 3)}) {
    expect_eq(attach(other, ThreadId::self()), Word{L4_ErrInvalidThread});
    expect_eq(detach(other), Word{L4_ErrInvalidThread});
    expect_failed(send(other, 0), send_no_partner);
  }
  for (const ThreadId handler : {nil, ThreadId::any(), interrupt_id(4), message(14)})
    expect_eq(attach(id, handler), Word{L4_ErrInvalidThread});
  // None of that has changed anything.
  edu::raise();
  expect_interrupt(wait_interrupt(id), id);
  const ThreadId task = spawn_task([](Word raw) {
    const ThreadId theirs(raw);
    expect_eq(attach(theirs, ThreadId::self()), Word{L4_ErrNoPrivilege});
    expect_eq(detach(theirs), Word{L4_ErrNoPrivilege});
    expect_failed(send(theirs, 0), send_no_partner);
  }, id.raw);
  expect(finishes(task));
  edu::raise();
  expect_quiet(id);
  expect_interrupt(wait_interrupt(id, true), id);
  detach_device(id);
}

TEST("a PCI line that its handler never silences: masked between acknowledgments, a storm for nobody else") {
  require(edu::find());
  edu::disable_messages();
  edu::silence();
  static ThreadId id;
  static volatile unsigned count, disturbed;
  static volatile bool over;
  id = interrupt_id(edu::line());
  count = 0;
  disturbed = 0;
  over = false;
  const ThreadId handler = spawn(
      [](Word) {
        receive(id);
        for (;;) {
          count = count + 1;
          l4::Words m(l4::Tag::make(0, 0));
          l4::ipc_words(id, id, {never}, m);
        }
      },
      0, {.priority = 90});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  expect_eq(attach(id, handler), 0u);
  edu::raise();
  expect_eq(edu::causes(), 1u);
  // Less urgent than the test, the handler has no turn, and so the line no second one.
  for (const Word end = now() + 20'000; now() < end;) {
  }
  expect_eq(count, 0u);
  // When it has, it is interrupted without an end.
  Word start = now();
  sleep_us(50'000);
  expect(now() - start < 100'000, "woken late");
  expect(count > 100, "the storm");
  // Others of its priority have their turns, since it waits in between.
  const ThreadId other = spawn(
      [](Word) {
        while (!over) disturbed = disturbed + 1;
      },
      0, {.priority = 90});
  const unsigned before = count;
  start = now();
  sleep_us(100'000);
  expect(now() - start < 200'000, "woken late");
  expect(count - before >= 3 && count - before < 1000, "a turn each");
  expect(disturbed > 1000);
  over = true;
  expect(finishes(other));
  edu::silence();
  const unsigned last = count;
  sleep_us(5'000);
  expect(count - last <= 2, "the device is silent");
  expect_eq(detach(id), 0u);
}
