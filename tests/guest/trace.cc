// SPDX-License-Identifier: MIT
// The trace (extension "trace"): who may switch it, what stands in the records, and that all
// goes on as before.
#include <mica/trace.h>

#include <l4/sigma0.h>

#include "messages.h"

using namespace guest;
using mica::trace::Event;
using mica::trace::Protocol;
using mica::trace::Record;

namespace {

// The block, one to one as sigma0 gives it; asked for once.
Word block() {
  static Word at = 0;
  if (at == 0) {
    const L4_Fpage_t given = L4_Sigma0_GetAny(L4_nilthread, 21, L4_CompleteAddressSpace);
    require(!L4_IsNilFpage(given), "sigma0 gives a block of 2 MiB");
    at = L4_Address(given);
  }
  return at;
}
const Record* memory() { return reinterpret_cast<const Record*>(block()); }
void clear() {
  for (Word i = 0; i < mica::trace::buffer_size / sizeof(Word); ++i) reinterpret_cast<volatile Word*>(block())[i] = 0;
}

const Record* find(Event event, l4::ThreadId thread, Word partner, Protocol protocol = Protocol::user) {
  for (unsigned i = 1; i < mica::trace::records && memory()[i].number != 0; ++i) {
    const Record& r = memory()[i];
    if (r.event == event && r.thread == thread.raw && r.partner == partner && r.protocol == protocol) return &r;
  }
  return nullptr;
}

Word error_of(bool done) { return done ? 0 : L4_ErrorCode(); }

}  // namespace

TEST("trace: error 5: no address of such a block, or not RAM, or the kernel's; nothing is switched on") {
  for (const Word bad : {block() + 8, block() + 4096, Word{1} << 63, ~Word{0}, Word{0xfee0'0000} & ~Word{0x1f'ffff},
                         Word{1} << 45}) {
    context("block", bad);
    expect_eq(error_of(mica::trace::switch_on(bad)), Word{L4_ErrInvalidParam});
  }
  expect(mica::trace::switch_off());
}

TEST("trace: error 1: a space without privilege") {
  const l4::ThreadId task = spawn_task([](Word) {
    expect_eq(error_of(mica::trace::switch_on(0x20'0000)), Word{L4_ErrNoPrivilege});
    expect_eq(error_of(mica::trace::switch_off()), Word{L4_ErrNoPrivilege});
  });
  expect(finishes(task));
}

TEST("trace: messages, waits, errors, faults, exceptions, switches and calls, in order") {
  static l4::ThreadId me;
  me = l4::ThreadId::self();
  clear();
  const l4::ThreadId client = make_task();
  require(mica::trace::switch_on(block()));
  start(
      client,
      [](Word) {
        expect_failed(receive(l4::ThreadId::self(), receive_zero).tag, receive_timeout);
        call(me, 40);
        asm volatile("int3");
        call(me, 42);
      },
      0, me);
  sleep_us(2000);  // its call is queued
  Received r = receive(client);
  expect_eq(r.tag.label(), 40);
  expect_ok(send(client, 41, send_zero));
  r = receive(client);  // the exception
  expect_eq(r.tag.untyped(), 20u);
  expect_ok(send(client, 0, send_zero));
  r = receive(client);
  expect_eq(r.tag.label(), 42);
  expect(mica::trace::switch_off());
  expect_ok(send(client, 43, send_zero));
  expect(finishes(client));

  Word time = 0;
  unsigned n = 1;
  for (; memory()[n].number != 0; ++n) {
    context("record", n);
    expect_eq(Word{memory()[n].number}, Word{n});
    expect(memory()[n].time >= time);
    time = memory()[n].time;
  }
  context("");
  expect(n > 15);
  expect(find(Event::failed, client, receive_timeout) != nullptr, "failed");
  const Record* found = find(Event::queued, client, me.raw);
  require(found != nullptr, "queued");
  expect_eq(found->r9, l4::Tag::make(40, 0).raw);
  expect(find(Event::message, client, me.raw) > found, "taken from the queue later");
  expect(find(Event::message, me, client.raw) != nullptr, "the answer");
  expect(find(Event::run, client, me.raw) != nullptr, "switch");
  expect(find(Event::message, client, runner.raw, Protocol::page_fault) != nullptr, "page fault");
  found = find(Event::message, client, me.raw, Protocol::exception);
  require(found != nullptr, "exception");
  expect_eq(found->words[2], 3u);
  found = nullptr;
  for (unsigned i = 1; i < n; ++i)
    if (memory()[i].event == Event::call && memory()[i].thread == me.raw &&
        memory()[i].partner == mica::trace::stub_spacing * static_cast<Word>(mica::trace::Call::processor_control))
      found = memory() + i;
  require(found != nullptr, "the call that switches it off");
  expect_eq(found->rdi, mica::trace::processor);
  expect_eq(found->rsi, 0u);
}

TEST("trace: all registers of all calls are as without it, and so is a foreign one") {
  clear();
  const auto look = [] {
    Frame f{};
    f.rdi = 1, f.rsi = 2, f.rdx = 3, f.r8 = 4, f.r9 = 5, f.r10 = 6, f.rbx = 7, f.r12 = 8;
    guest_call(f, l4_links.system_clock);
    expect_eq(f.rsi, 2u);
    expect_eq(f.rdi, 1u);
    expect_eq(f.r8, 4u);
    expect_eq(f.r9, 5u);
    expect_eq(f.r10, 6u);
    expect_eq(f.rbx, 7u);
    expect_eq(f.r12, 8u);
    f.rdi = 0;
    guest_call(f, l4_links.thread_switch);
    expect_eq(f.rbx, 7u);
    const l4::ThreadId task = make_task();
    expect_eq(state_of(task), Word{L4_SCHEDRESULT_WAITING});
    end_thread(task);
    expect_eq(thread_control(l4::ThreadId::self(), l4::ThreadId::nil(), l4::ThreadId::nil(), l4::ThreadId::nil()), 2u);
  };
  context("off");
  look();
  require(mica::trace::switch_on(block()));
  context("on");
  look();
  context("");
  expect(mica::trace::switch_off());
}

TEST("trace: more records than there is room for overwrite the oldest ones, and are counted") {
  clear();
  static mica::trace::Reader reader(memory());
  static l4::ThreadId server;
  server = spawn([](Word) {
    Received r = receive();
    for (;;) r = reply_wait(r.from, 1);
  });
  require(mica::trace::switch_on(block()));
  const unsigned calls = mica::trace::records / 2;  // four records each
  for (unsigned i = 0; i < calls; ++i) call(server, 1);
  require(mica::trace::switch_off());
  Record r;
  Word seen = 0, last = 0;
  while (reader.next(r)) {
    expect(r.number > last);
    last = r.number;
    ++seen;
  }
  expect(seen > mica::trace::records / 2);
  expect_eq(seen + reader.lost(), last);
  expect(last > Word{calls} * 4);
}
