// SPDX-License-Identifier: MIT
// Message-signalled interrupts: attaching, what is heard of them and when.
#include "msi.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();

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

TEST("the device interrupts by itself, when it has computed something") {
  const ThreadId id = attach_device(5, ThreadId::self());
  edu::compute_factorial(10);
  // It computes in a thread of the emulator, which an idle machine's clock outruns.
  for (const Word end = now() + second; edu::causes() == 0 && now() < end;) {
  }
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
