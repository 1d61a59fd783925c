// SPDX-License-Identifier: MIT
#include "interrupt.h"

#include "assertion.h"
#include "ipc.h"
#include "scheduler.h"
#include "thread_table.h"

namespace mica {

namespace {

unsigned line_of(const Thread& interrupt) { return static_cast<unsigned>(number_of(interrupt)); }

template <typename Visit>
void each_interrupt_of(const Thread& handler, Visit visit) {
  if (handler.interrupts == 0) return;
  for (unsigned line = 1; line < interrupt_lines(); ++line) {
    Thread* const t = find_thread(ThreadId::interrupt(line));
    if (t && t->handler == &handler) visit(*t);
  }
}

}  // namespace

[[gnu::cold]] void create_interrupt_threads() {
  for (unsigned line = 1; line < interrupt_lines(); ++line) {
    if (!line_usable(line)) continue;
    Thread* const t = make_tcb(line);
    if (!t) return;
    t->id = ThreadId::interrupt(line);
    t->state = State::inactive;
    t->protocol = Protocol::interrupt;
    t->priority = priorities - 1;
  }
}

[[gnu::cold]] void attach_interrupt(Cpu& cpu, Thread& interrupt, Thread* handler) {
  MICA_ASSERT(interrupt.is_interrupt() && (!handler || (handler->active() && !handler->is_interrupt())));
  const unsigned line = line_of(interrupt);
  mask_line(line);
  if (interrupt.handler) --interrupt.handler->interrupts;
  if (interrupt.state != State::inactive) fail_ipc(cpu, interrupt, IpcError::cancelled);
  interrupt.state = State::inactive;
  interrupt.handler = handler;
  if (!handler) return;
  interrupt.from = handler->id;
  interrupt.state = State::ready;  // enabled, nothing under way
  ++handler->interrupts;
  unmask_line(line);
}

[[gnu::cold]] void detach_all(Cpu& cpu, Thread& handler) {
  each_interrupt_of(handler, [&](Thread& t) { attach_interrupt(cpu, t, nullptr); });
}

[[gnu::cold]] void rename_handler(Cpu& cpu, const Thread& handler, ThreadId id) {
  each_interrupt_of(handler, [&](Thread& t) {
    withdraw(cpu, t);
    t.from = id;
    unmask_line(line_of(t));
  });
}

namespace {

[[gnu::cold, gnu::noinline]] Thread* send_message(Cpu& cpu, Thread& t) {
  t.words[0] = MsgTag::make(label_interrupt, 0).raw;
  t.words[1] = t.words[2] = t.words[3] = 0;
  Thread* const woken = send_interrupt_message(cpu, t, *t.handler);
  return woken ? run_if_urgent(cpu, *woken) : reschedule(cpu);
}

}  // namespace

AfterLine handle_line(Cpu& cpu, Thread& current, u64 line) {
  mask_line(line);
  acknowledge_interrupt();
  Thread& t = tcb_array()[line];
  // Not attached, or not acknowledged yet: spurious. It stays masked.
  if (t.state != State::ready) return {reschedule(cpu), 0};
  Thread& handler = *t.handler;
  if ((handler.wait != ThreadId::any().raw && handler.wait != t.id.raw) ||
      handler.priority <= current.guard || handler.priority <= cpu.ready_top || cpu.unusual ||
      (handler.key >> key::fpu_shift) != 0)
    return {send_message(cpu, t), 0};
  handler.wait = 0;
  t.state = State::receiving;
  interrupt_running(cpu, handler);
  return {&handler, t.id.raw};
}

bool acknowledge(Cpu&, Thread& sender, Thread& interrupt) {
  if (interrupt.handler != &sender) return false;
  if (interrupt.state == State::receiving) {
    interrupt.state = State::ready;
    unmask_line(line_of(interrupt));
  }
  return true;
}

}  // namespace mica
