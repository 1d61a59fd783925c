// SPDX-License-Identifier: MIT
#include "interrupt.h"

#include "assertion.h"
#include "ipc.h"
#include "scheduler.h"
#include "thread_table.h"

namespace mica {

namespace {

unsigned number(const Thread& interrupt) { return static_cast<unsigned>(number_of(interrupt)); }

// A handler's interrupts are a list through `interrupts`, by number. This is the
// link that leads to one of them.
u32& link_to(Thread& handler, const Thread& interrupt) {
  u32* link = &handler.interrupts;
  while (*link != number(interrupt)) link = &tcb_array()[*link].interrupts;
  return *link;
}

// The message to the handler; returns the handler if that woke it.
Thread* send_message(Cpu& cpu, Thread& interrupt) {
  interrupt.missed = false;
  return send_interrupt_message(cpu, interrupt, *interrupt.handler);
}

}  // namespace

[[gnu::section(".init.text")]] void create_interrupt_threads() {
  const unsigned lines = interrupt_lines();
  for (unsigned n = 1; n < lines + message_interrupts; ++n) {
    if (n < lines && !line_usable(n)) continue;
    Thread* const t = make_tcb(n);
    if (!t) return;
    t->id = ThreadId::interrupt(n);
    t->state = State::inactive;
    t->protocol = Protocol::interrupt;
    t->priority = priorities - 1;
    t->words[0] = MsgTag::make(label_interrupt, 0).raw;
  }
}

[[gnu::cold]] void attach_interrupt(Cpu& cpu, Thread& interrupt, Thread* handler) {
  MICA_ASSERT(interrupt.is_interrupt() && (!handler || (handler->active() && !handler->is_interrupt())));
  mask_line(number(interrupt));
  if (interrupt.handler) {
    link_to(*interrupt.handler, interrupt) = interrupt.interrupts;
    withdraw(cpu, interrupt);
  }
  interrupt.missed = false;
  interrupt.state = State::inactive;
  interrupt.handler = handler;
  if (!handler) return;
  interrupt.interrupts = handler->interrupts;
  handler->interrupts = number(interrupt);
  interrupt.state = State::ready;  // enabled, nothing under way
  unmask_line(number(interrupt));
}

[[gnu::cold]] Progress detach_step(Cpu& cpu, Thread& handler, Budget& budget) {
  constexpr i64 cost = 70;
  for (; handler.interrupts != 0; budget.spend(cost)) {
    if (budget.used_up()) return Progress::more;
    attach_interrupt(cpu, tcb_array()[handler.interrupts], nullptr);
  }
  return Progress::done;
}

namespace {

// The message, but if the last one is still under way.
[[gnu::cold, gnu::noinline]] Thread* notify(Cpu& cpu, Thread& t) {
  if (t.state == State::ready) {
    Thread* const woken = send_message(cpu, t);
    return woken ? run_if_urgent(cpu, *woken) : reschedule(cpu);
  }
  // A handler that has not taken the last one will look at its device then; after it
  // has, a line is masked and asks again, but nobody would repeat a message.
  if (t.state == State::receiving) t.missed = number(t) >= interrupt_lines();
  return reschedule(cpu);
}

}  // namespace

AfterLine handle_line(Cpu& cpu, Thread& current, u64 line) {
  mask_line(line);
  acknowledge_interrupt();
  Thread& t = tcb_array()[line];
  if (t.state != State::ready) return {notify(cpu, t), 0};
  Thread& handler = *t.handler;
  if ((handler.wait != ThreadId::any().raw && handler.wait != t.id.raw) ||
      handler.priority <= current.guard || handler.priority <= cpu.ready_top || cpu.unusual ||
      (handler.key >> key::fpu_shift) != 0)
    return {notify(cpu, t), 0};
  handler.wait = 0;
  t.state = State::receiving;
  interrupt_running(cpu, handler);
  return {&handler, t.id.raw};
}

bool acknowledge(Cpu& cpu, Thread& sender, Thread& interrupt) {
  if (interrupt.handler != &sender) return false;
  if (interrupt.state == State::receiving) {
    interrupt.state = State::ready;
    if (interrupt.missed)
      (void)send_message(cpu, interrupt);  // the handler runs, so it waits there
    else
      unmask_line(number(interrupt));
  }
  return true;
}

}  // namespace mica
