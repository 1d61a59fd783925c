// SPDX-License-Identifier: MIT
// Handlers of message-signalled interrupts, and of a PCI line, that are urgent,
// renamed, deleted, halted, flooded, or never silence their device.
#include "msi.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();

// A handler that counts the messages of an interrupt, and does no more for its device.
volatile unsigned counted;
void count_messages(Word interrupt) {
  const ThreadId id(interrupt);
  receive(id);
  for (;;) {
    counted = counted + 1;
    l4::Words m(l4::Tag::make(0, 0));
    l4::ipc_words(id, id, {never}, m);
  }
}

}  // namespace

TEST("a handler in another space, more urgent than the test: each message preempts at once") {
  counted = 0;
  const ThreadId id = message(8);
  const ThreadId handler = spawn_task(count_messages, id.raw, {.priority = 210});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  attach_device(8, handler);
  for (unsigned i = 1; i <= 100; ++i) {
    context("round", i);
    edu::raise();
    for (const Word end = now() + second; counted != i && now() < end;) {
    }
    if (!expect_eq(counted, i)) break;
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

TEST("a PCI line that its handler never silences: masked between acknowledgments, a storm for nobody else") {
  require(edu::find());
  edu::disable_messages();
  edu::silence();
  static volatile unsigned disturbed;
  static volatile bool over;
  const ThreadId id = interrupt_id(edu::line());
  counted = 0;
  disturbed = 0;
  over = false;
  const ThreadId handler = spawn(count_messages, id.raw, {.priority = 90});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  expect_eq(attach(id, handler), 0u);
  edu::raise();
  expect_eq(edu::causes(), 1u);
  // Less urgent than the test, the handler has no turn, and so the line no second one.
  for (const Word end = now() + 20'000; now() < end;) {
  }
  expect_eq(counted, 0u);
  // When it has, it is interrupted without an end.
  Word start = now();
  sleep_us(50'000);
  expect(now() - start < 100'000, "woken late");
  expect(counted > 100, "the storm");
  // Others of its priority have their turns, since it waits in between.
  const ThreadId other = spawn(
      [](Word) {
        while (!over) disturbed = disturbed + 1;
      },
      0, {.priority = 90});
  const unsigned before = counted;
  start = now();
  sleep_us(100'000);
  expect(now() - start < 200'000, "woken late");
  expect(counted - before >= 3 && counted - before < 1000, "a turn each");
  expect(disturbed > 1000);
  over = true;
  expect(finishes(other));
  edu::silence();
  const unsigned last = counted;
  sleep_us(5'000);
  expect(counted - last <= 2, "the device is silent");
  expect_eq(detach(id), 0u);
}
