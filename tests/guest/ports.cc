// SPDX-License-Identifier: MIT
// I/O flexpages: map, fault, Unmap (manual, chapter 4.2; the I/O fault protocol).
#include <runtime/io.h>

#include "subject.h"

using namespace guest;

namespace {

using l4::Fpage;

// Ports of the second DMA controller's page registers: readable, and harmless.
constexpr Word first_port = 0x80;

// Once: sigma0 gives them to a thread, the mappings stay in the root task's space.
void own_ports() {
  static bool owned = false;
  if (!owned) require(runtime::claim_ports(first_port, 4));
  owned = true;
}

l4::ThreadId start_reader(Word port, unsigned width) {
  static Word p;
  static unsigned w;
  static l4::ThreadId me;
  p = port;
  w = width;
  me = l4::ThreadId::self();
  const l4::ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(me);
    const auto dx = static_cast<unsigned short>(p);
    if (w == 1) asm volatile("inb %%dx, %%al" : : "d"(dx) : "rax");
    if (w == 2) asm volatile("inw %%dx, %%ax" : : "d"(dx) : "rax");
    if (w == 4) asm volatile("inl %%dx, %%eax" : : "d"(dx) : "rax");
    L4_Set_Pager(runner);
  });
  return id;
}

// The fault of a thread: the port that it misses.
Word faulting_port(l4::ThreadId id) {
  l4::Words m;
  l4::ipc_words(l4::ThreadId::nil(), id, {timeouts(0, 1'000'000)}, m);
  if (!expect_eq(m[0], l4::Tag::make(L4_IoFaultLabel, 2).raw, "I/O fault")) return ~Word{0};
  const Fpage f(m[1]);
  expect(f.is_io() && f.order() == 0);
  return f.base();
}
void answer(l4::ThreadId id, Fpage f, Word base = 0x5c00) {
  l4::Words m(l4::Tag::make(0, 0, 2), base | 8, f.raw);
  expect_ok(l4::send_words(id, m, {send_zero}));
}

}  // namespace

TEST("an I/O fault names the first missing port; the answer maps it; the instruction goes on") {
  own_ports();
  for (const unsigned width : {1u, 2u, 4u}) {
    context("width", width);
    const l4::ThreadId id = start_reader(first_port, width);
    for (unsigned i = 0; i < width; ++i) {
      expect_eq(faulting_port(id), first_port + i);
      answer(id, Fpage::io(first_port + i, 0));
    }
    expect(finishes(id));
    end_thread(id);
  }
  // A port in the middle is there already.
  const l4::ThreadId id = start_reader(first_port, 4);
  expect_eq(faulting_port(id), first_port);
  answer(id, Fpage::io(first_port, 1));
  expect_eq(faulting_port(id), first_port + 2);
  answer(id, Fpage::io(first_port, 4));
  expect(finishes(id));
}

TEST("an answer without the port: the fault comes again") {
  own_ports();
  const l4::ThreadId id = start_reader(first_port + 3, 1);
  expect_eq(faulting_port(id), first_port + 3);
  answer(id, Fpage::io(first_port, 1));
  expect_eq(faulting_port(id), first_port + 3);
  l4::Words empty(l4::Tag::make(0, 0));
  expect_ok(l4::send_words(id, empty, {send_zero}));
  expect_eq(faulting_port(id), first_port + 3);
  answer(id, Fpage::io(first_port, 4));
  expect(finishes(id));
}

TEST("Unmap takes ports back, flush one's own; what one has not cannot be given") {
  own_ports();
  static volatile unsigned reads;
  static l4::ThreadId me;
  me = l4::ThreadId::self();
  reads = 0;
  const l4::ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(me);
    for (;;) {
      asm volatile("inb $0x84, %%al" : : : "rax");
      reads = reads + 1;
      sleep_us(100);
    }
  });
  expect_eq(faulting_port(id), first_port + 4);
  answer(id, Fpage::io(first_port, 4));
  expect(eventually([] { return reads > 3; }));
  L4_UnmapFpage(Fpage::io(first_port + 4, 0));
  expect_eq(faulting_port(id), first_port + 4);
  const unsigned before = reads;
  answer(id, Fpage::io(first_port + 4, 0));
  expect(eventually([&] { return reads > before + 3; }));
  L4_UnmapFpage(Fpage::complete().with(l4::Rights{0}));  // memory only
  L4_UnmapFpage(Fpage::io(0, 16));
  expect_eq(faulting_port(id), first_port + 4);
  L4_Flush(Fpage::io(first_port + 4, 0));
  answer(id, Fpage::io(first_port, 4));
  expect_eq(faulting_port(id), first_port + 4);
}

TEST("ports of one space are not those of another") {
  own_ports();
  static volatile bool stop;
  static volatile unsigned reads;
  static l4::ThreadId me;
  me = l4::ThreadId::self();
  stop = false;
  reads = 0;
  const l4::ThreadId owner = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(me);
    while (!stop) {
      asm volatile("inb $0x86, %%al" : : : "rax");
      reads = reads + 1;
      L4_Yield();
    }
  });
  expect_eq(faulting_port(owner), first_port + 6);
  answer(owner, Fpage::io(first_port + 6, 0));
  const l4::ThreadId other = start_reader(first_port + 6, 1);
  expect_eq(faulting_port(other), first_port + 6);
  const unsigned before = reads;
  expect(eventually([&] { return reads > before + 10; }));
  expect_eq(state_of(other), Word{L4_SCHEDRESULT_WAITING});
  stop = true;
}

TEST("ports in a window of ports, and of memory") {
  own_ports();
  Subject s;
  s.accept(Fpage::io(first_port + 8, 2));
  l4::Words m(l4::Tag::make(0, 0, 2), 8, Fpage::io(first_port, 4).raw);
  expect_ok(l4::send_words(s.id(), m));
  s.end();
  s.run([](Word) { asm volatile("inb $0x88, %%al\n inb $0x8b, %%al" : : : "rax"); });
  expect_eq(s.faults(), 0u);
}
