// SPDX-License-Identifier: MIT
#include "ipc.h"

#include <seam.h>

#include "assertion.h"
#include "budget.h"
#include "interrupt.h"
#include "kip.h"
#include "mapping.h"
#include "message_transfer.h"
#include "scheduler.h"
#include "thread_ring.h"
#include "thread_table.h"
#include "timeout.h"
#include "trace.h"

namespace mica {

namespace {

// --- The queue of those who wait to send to a thread --------------------------

void join_senders(Thread& t, Thread& partner) {
  MICA_ASSERT(!t.queue.next && t.wait == 0);
  t.partner = &partner;
  t.state = State::sending;
  append<&Thread::queue>(partner.senders, t);
  // A closed wait may be for the virtual sender, which the fast path does not see.
  if (!t.as_sender.is_nil()) partner.key |= key::rare;
  trace_event(TraceEvent::queued, t, partner.id.raw);
}

[[gnu::cold, gnu::noinline]] void leave_senders(Thread& t) {
  MICA_ASSERT(t.state == State::sending && t.partner);
  Thread& partner = *t.partner;
  // A search goes on behind the one before.
  if (partner.partner == &t && partner.state != State::sending)
    partner.partner = partner.senders == &t ? nullptr : t.queue.prev;
  take_out<&Thread::queue>(partner.senders, t);
  if (!partner.senders && (partner.key & key::rare)) update_key(partner);
  t.partner = nullptr;
}

constexpr i64 look_cost = 12;  // at a sender

// Whose message `t`, to whom somebody sends, takes first; null: nobody's, or, if t.partner
// is set then, nobody's up to that one, behind whom a next step has to go on. All but those
// who wait for one sender who sends in the own name have to search; without `search` they
// get somebody.
[[gnu::cold, gnu::noinline]] Thread* find_sender(Thread& t, ThreadId spec, bool search) {
  Thread* const head = t.senders;
  if (spec.is_any()) return head;
  if (!spec.is_any_local()) {
    Thread* const s = find_thread(spec);
    if (s && s->state == State::sending && s->partner == &t) return s;
    if ((t.key & key::rare) == 0) return nullptr;
  }
  if (!search) return head;
  Thread* const end = head->queue.prev;
  Thread* s = t.partner ? t.partner : end;
  t.partner = nullptr;
  for (u64 n = Budget().times(look_cost); n != 0; --n) {
    s = s->queue.next;
    if (spec.is_any_local() ? s->space == t.space : s->as_sender == spec) return s;
    if (s == end) return nullptr;
  }
  t.partner = s;
  return nullptr;
}

inline bool accepts(const Thread& receiver, const Thread& sender) {
  u64 awaited = receiver.wait;
  if (awaited == 0) {
    if (receiver.state != State::receiving) return false;
    awaited = receiver.from.raw;
  }
  const ThreadId spec{awaited};
  if (spec.is_any() || spec == sender.id) return true;
  if (spec.is_any_local()) return sender.space == receiver.space;
  return !sender.as_sender.is_nil() && spec == sender.as_sender;
}

[[gnu::cold, gnu::noinline]] void note_first_wait(Thread& partner, const Thread& t) {
  if (&partner == &t) return;  // it only sleeps
  const u32 number = static_cast<u32>(number_of(t));
  if (partner.waiter == 0 || partner.waiter == number)
    partner.waiter = number;
  else
    meet(partner);
}

// `t` waits for `partner` alone.
[[gnu::always_inline]] inline void note_wait(Thread& partner, const Thread& t) {
  if (partner.waiter != Thread::many) [[unlikely]]
    note_first_wait(partner, t);
}

// Begins the receive phase. When a message waits, or may wait, but this is not the moment
// to move it or to search (`now` false: one kernel entry moves one message), that stays
// pending. Who waits for one that has not sent waits at once: the answer may come next.
void begin_receive_phase(Cpu& cpu, Thread& t, ThreadId spec, bool now);

// The message that the kernel makes for `t` has gone to `partner`.
[[gnu::cold, gnu::noinline]] void begin_protocol_receive(Thread& t, Thread& partner) {
  note_wait(partner, t);
  t.begin_kernel_receive(partner.id);
}

[[gnu::cold, gnu::noinline]] void take_from(Cpu& cpu, Thread& sender, Thread& t) {
  leave_senders(sender);
  // A fault has none; its thread's may be that of a transfer.
  if (sender.protocol == Protocol::user) cancel_timeout(cpu, sender);
  sender.state = State::ready;
  const Delivery delivery = deliver(cpu, sender, t);
  if (sender.protocol != Protocol::user)
    begin_protocol_receive(sender, t);
  else if (delivery.kind == Delivery::Kind::under_way)
    sender.work = Work::transfer;
  else if (delivery.error != IpcError::none)
    set_ipc_error(sender, Phase::send, delivery.failure());
  else
    begin_receive_phase(cpu, sender, ThreadId{sender.regs.rdx}, false);
  enqueue(cpu, sender);
}

// The next step of `t` looks for a message of `from`.
[[gnu::cold, gnu::noinline]] void look_for_sender(Cpu& cpu, Thread& t, ThreadId from) {
  t.from = from;
  t.work = Work::receive;
  cpu.stale = true;  // if it is the running thread: reschedule() has to look at the work
}

// Nobody can send. One that waits for its start has no caller to tell.
[[gnu::cold, gnu::noinline]] void fail_receive(Thread& t, ThreadId from) {
  t.partner = nullptr;
  if (t.protocol == Protocol::user) return set_ipc_error(t, Phase::receive, {IpcError::no_partner});
  t.begin_kernel_receive(from);
}

void begin_receive_phase(Cpu& cpu, Thread& t, ThreadId spec, bool now) {
  t.end_wait();
  if (spec.is_nil()) {
    t.regs.r9 = MsgTag{t.regs.r9}.raw & ~MsgTag::error;
    t.regs.rdi = t.utcb;
    return;
  }
  if (!spec.is_any() && !spec.is_any_local()) {
    Thread* const partner = resolve(t, spec);
    if (!partner || partner->vanishing) return fail_receive(t, spec);
    note_wait(*partner, t);
    spec = partner->id;
  }
  if (t.senders) {
    Thread* const sender = find_sender(t, spec, now);
    if (now && sender) return take_from(cpu, *sender, t);
    if (sender || t.partner) return look_for_sender(cpu, t, spec);
  }
  const Time timeout = Timeouts{t.regs.r8}.receive();
  if (timeout.is_never()) return t.begin_receive(spec, false);
  if (is_over(timeout)) return set_ipc_error(t, Phase::receive, {IpcError::timeout});
  t.begin_receive(spec, true);
  set_timeout(cpu, t, deadline(timeout));
}

// `t`, which waits for t.from, looks whether that has sent already. Its timeout begins again.
[[gnu::cold, gnu::noinline]] void receive_again(Cpu& cpu, Thread& t) {
  withdraw(cpu, t);
  look_for_sender(cpu, t, t.from);
  if (t.is_halted()) t.stopped ^= stopped_by::halted | stopped_by::after_work;
  enqueue(cpu, t);
}

// Propagation is for those who could have sent as the virtual sender anyway, or
// send to a partner of their own space (manual, chapter 5.4).
[[gnu::cold, gnu::noinline]] void propagate(Cpu& cpu, Thread& t, Thread& partner) {
  Thread* const v = resolve(t, ThreadId{t.tcr->virtual_sender});
  if (!v || (v->space != t.space && t.space != partner.space)) return;
  t.as_sender = v->id;
  if (!v->is_receiving() || v->awaits() != t.id || v->protocol != Protocol::user) return;
  note_wait(partner, *v);
  v->disarm();
  v->from = partner.id;
  // The partner's message may have come first.
  if (v->senders && v != &partner) receive_again(cpu, *v);
}

// Where a message out of a space with a redirector goes; null: nowhere.
[[gnu::cold, gnu::noinline]] Thread* redirect(Thread& t, Thread* partner) {
  const ThreadId redirector{t.space->redirector};
  if (partner->space == t.space) return partner;
  if (redirector.is_any_local()) return nullptr;
  Thread* const via = find_thread(redirector);
  if (!via || via->vanishing) return nullptr;
  if (partner->space == via->space) return partner;
  t.intended = partner->id;
  return via;
}

enum class Sent { done, blocked, failed };

[[gnu::cold, gnu::noinline]] Sent sent_otherwise(Cpu& cpu, Thread& t, const Delivery& delivery, Thread*& woken) {
  if (delivery.kind == Delivery::Kind::under_way) {
    woken = nullptr;
    t.work = Work::transfer;
    cpu.stale = true;  // reschedule() has to look at the work
    return Sent::blocked;
  }
  if (delivery.kind == Delivery::Kind::resumes_peer) woken = woken->peer;
  if (delivery.error == IpcError::none) return Sent::done;
  set_ipc_error(t, Phase::send, delivery.failure());
  return Sent::failed;
}

Sent send_phase(Cpu& cpu, Thread& t, Thread*& woken) {
  const auto fail = [&](Failure failure) {
    set_ipc_error(t, Phase::send, failure);
    return Sent::failed;
  };
  const MsgTag tag{t.regs.r9};
  const Timeouts timeouts{t.regs.r8};
  t.as_sender = t.intended = ThreadId::nil();
  Thread* partner = resolve(t, ThreadId{t.regs.rsi});
  if (!partner || partner->vanishing) return fail({IpcError::no_partner});
  if (tag.typed() != 0 && !well_formed(t)) return fail({IpcError::overflow});
  if (partner->is_interrupt())
    return acknowledge(cpu, t, *partner) ? Sent::done : fail({IpcError::no_partner});
  if ((t.key & key::rare) && !t.space->redirector_is_free() && !(partner = redirect(t, partner)))
    return fail({IpcError::no_partner});
  if (tag.has(MsgTag::propagated)) propagate(cpu, t, *partner);
  if (accepts(*partner, t)) {
    const Delivery delivery = deliver(cpu, t, *partner);
    woken = partner;
    return delivery.kind == Delivery::Kind::done ? Sent::done : sent_otherwise(cpu, t, delivery, woken);
  }
  if (is_over(timeouts.send())) return fail({IpcError::timeout});
  if (!timeouts.send().is_never()) set_timeout(cpu, t, deadline(timeouts.send()));
  join_senders(t, *partner);
  return Sent::blocked;
}

}  // namespace

Thread* resolve(const Thread& caller, ThreadId id) {
  return (id.raw & 0x3f) != 0 ? find_thread(id) : find_local(*caller.space, id);
}

namespace {

// A server's answer with one page, or a pager's with nothing, and then a wait for anybody, when a
// direct switch is all that the scheduler would do (the fast path's condition). Null: it is
// something else, and nothing has happened.
[[gnu::always_inline]] inline Thread* answer_with_page(Cpu& cpu, Thread& t) {
  const Registers& r = t.regs;
  const u16 shape = static_cast<u16>(r.r9);
  if ((shape & ~MsgTag::make(0, 0, 2).raw) != 0 || r.rdx != ThreadId::any().raw) return nullptr;
  if (!Timeouts{r.r8}.receive().is_never() || t.senders) return nullptr;
  Thread* const to = resolve(t, ThreadId{r.rsi});
  if (!to || ((to->key + expected_gs - cpu.top) & key::must_be_zero) != 0) return nullptr;
  const bool faults = to->wait != t.id.raw;
  if (faults && (to->from != t.id || !to->awaits_pager())) return nullptr;
  if (shape != 0) {
    const TypedItem item{r.rax};
    const Fpage window = faults ? Fpage::complete() : Acceptor{to->tcr->br(0)}.window();
    if (item.kind() != TypedItem::Kind::map ||
        !transfer_plain(*t.space, *to->space, window, {Fpage{r.rbx}, item.send_base()}))
      return nullptr;
  }
  if (faults) {
    to->go_on_after_fault();
  } else {
    t.as_sender = t.intended = ThreadId::nil();
    to->wait = 0;
    (void)deliver_words(t, *to);
  }
  t.wait = r.rdx;
  cpu.current = to;
  return to;
}

}  // namespace

Thread* ipc(Cpu& cpu, Thread& t) {
  if (Thread* const answered = answer_with_page(cpu, t)) return answered;
  Thread* woken = nullptr;
  if (t.regs.rsi == 0 || send_phase(cpu, t, woken) == Sent::done)
    begin_receive_phase(cpu, t, ThreadId{t.regs.rdx}, true);
  if (!woken) return reschedule(cpu);
  if (!t.runnable()) return hand_off(cpu, *woken);
  enqueue(cpu, *woken);
  return reschedule(cpu);
}

[[gnu::cold, gnu::noinline]] void await_start(Thread& t, ThreadId pager) {
  t.protocol = Protocol::start;
  t.by_iret = true;
  if (Thread* const partner = find_thread(pager)) note_wait(*partner, t);
  t.begin_kernel_receive(pager);
}

[[gnu::cold, gnu::noinline]] void take_start(Cpu& cpu, Thread& t) {
  MICA_ASSERT(t.protocol == Protocol::start && t.is_receiving());
  if (t.senders) receive_again(cpu, t);
}

void receive_phase(Cpu& cpu, Thread& t) { begin_receive_phase(cpu, t, ThreadId{t.regs.rdx}, true); }

void continue_receive(Cpu& cpu, Thread& t) { begin_receive_phase(cpu, t, t.from, true); }

[[gnu::cold, gnu::noinline]] void abandon_receive(Thread& t) {
  t.work = Work::none;
  t.partner = nullptr;
}

namespace {

// Whom the kernel's message of `t` goes to; null: nobody. Pager and handler are the
// user's to choose: a redirector holds for them as well.
[[gnu::cold, gnu::noinline]] Thread* kernel_partner(Thread& t, Thread* handler) {
  t.as_sender = t.intended = ThreadId::nil();
  if (handler && !t.space->redirector_is_free()) handler = redirect(t, handler);
  if (!handler || handler == &t || handler == t.peer || handler->is_interrupt() || handler->vanishing)
    return nullptr;
  // A handler whose own fault waits for `t` would take this message for the answer,
  // and two threads with bad instruction pointers would keep the kernel busy for ever.
  return handler->protocol != Protocol::user && accepts(*handler, t) ? nullptr : handler;
}

// False: `t` waits until the partner takes it. Words alone cannot fail.
[[gnu::cold, gnu::noinline]] bool send_words(Cpu& cpu, Thread& t, Thread& partner) {
  if (!accepts(partner, t)) {
    join_senders(t, partner);
    return false;
  }
  (void)deliver(cpu, t, partner);
  begin_protocol_receive(t, partner);
  return true;
}

}  // namespace

[[gnu::cold, gnu::noinline]] Thread* send_kernel_message(Cpu& cpu, Thread& t, Thread* handler) {
  MICA_ASSERT(t.protocol != Protocol::user && !is_queued(t));
  handler = kernel_partner(t, handler);
  if (!handler) {
    if (t.protocol == Protocol::transfer_fault) {
      abort_transfer(cpu, t, IpcError::aborted, IpcError::aborted);
      return reschedule(cpu);
    }
    t.protocol = Protocol::user;
    halt(t);
    return reschedule(cpu);
  }
  return send_words(cpu, t, *handler) ? hand_off(cpu, *handler) : reschedule(cpu);
}

[[gnu::cold, gnu::noinline]] bool send_preemption_message(Cpu& cpu, Thread& t, Thread* handler) {
  handler = kernel_partner(t, handler);
  if (!handler) return false;
  t.protocol = Protocol::preemption;
  t.words[0] = MsgTag::make(label_preemption, 2).raw;
  t.words[1] = us_from_ticks(read_clock());
  t.words[2] = t.words[3] = 0;
  if (send_words(cpu, t, *handler)) enqueue(cpu, *handler);
  return true;
}

[[gnu::cold, gnu::noinline]] Thread* send_interrupt_message(Cpu& cpu, Thread& interrupt, Thread& handler) {
  MICA_ASSERT(interrupt.is_interrupt() && !handler.is_interrupt());
  return send_words(cpu, interrupt, handler) ? &handler : nullptr;
}

[[gnu::cold, gnu::noinline]] void withdraw(Cpu& cpu, Thread& t) {
  if (t.state == State::sending) leave_senders(t);
  cancel_timeout(cpu, t);
  t.end_wait();
}

[[gnu::cold, gnu::noinline]] void cancel_ipc(Cpu& cpu, Thread& t, IpcError error) {
  if (is_in_transfer(t)) return abort_transfer(cpu, t, IpcError::aborted, IpcError::aborted);
  const Phase phase = t.state == State::sending ? Phase::send : Phase::receive;
  withdraw(cpu, t);
  if (t.protocol == Protocol::user) return set_ipc_error(t, phase, {error});
  MICA_ASSERT(!t.is_interrupt());
  // One that was preempted goes on as it was.
  if (t.protocol != Protocol::preemption) t.by_iret = true;
  t.protocol = Protocol::user;
}

[[gnu::cold, gnu::noinline]] void fail_ipc(Cpu& cpu, Thread& t, IpcError error) {
  const bool tells_nobody = t.protocol != Protocol::user && t.protocol != Protocol::preemption &&
                            !t.is_interrupt() && !is_in_transfer(t);
  cancel_ipc(cpu, t, error);
  if (tells_nobody) halt(t);
}

void expire_timeout(Cpu& cpu, Thread& t) {
  if (is_in_transfer(t)) return expire_transfer(cpu, t);
  fail_ipc(cpu, t, IpcError::timeout);
  enqueue(cpu, t);
}

void halt(Thread& t) {
  t.disarm();
  t.stopped |= t.work == Work::none ? stopped_by::halted : stopped_by::after_work;
}

}  // namespace mica
