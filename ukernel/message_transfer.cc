// SPDX-License-Identifier: MIT
#include "message_transfer.h"

#include <seam.h>

#include "assertion.h"
#include "ipc.h"
#include "scheduler.h"
#include "timeout.h"
#include "work.h"

namespace mica {

namespace {

// Stages of a message, ItemProgress::stage.
enum Stage : u8 { preparing, mapping, copying };

constexpr i64 item_cost = 60;
constexpr i64 copy_budget = 4560;  // eight pages of a string, and what goes with the first ones

bool takes_strings(Thread& receiver) {
  return receiver.protocol == Protocol::user && Acceptor{receiver.tcr->br(0)}.strings();
}

bool takes_items(const Thread& receiver) {
  return receiver.protocol != Protocol::start && receiver.protocol != Protocol::exception &&
         receiver.protocol != Protocol::preemption;
}

constexpr CopyStep overflow{CopyStep::Kind::overflow};

// One stage of the mappings, over all items.
CopyStep map_items(Thread& sender, Thread& receiver, Budget& budget) {
  ItemProgress& p = sender.items;
  const MsgTag tag{sender.regs.r9};
  const unsigned end = 1 + tag.untyped() + tag.typed();
  const Address fault = receiver.words[1];
  const Fpage window = p.around_fault != 0 ? Fpage::memory(fault, page_bits) : window_of(receiver);
  if (p.item == 0) p.item = static_cast<u8>(1 + tag.untyped());
  while (p.item < end) {
    if (budget.used_up()) return {CopyStep::Kind::more};
    budget.spend(item_cost);
    const TypedItem item{message_register_of(sender, p.item)};
    if (item.is_string()) {
      if (!takes_strings(receiver)) return overflow;
    } else {
      // Others of its space may have changed the message since it was sent.
      if (!item.is_map_or_grant() || p.item + 1u >= end || window.is_nil()) return overflow;
      const auto act = p.stage == preparing ? prepare : carry_out;
      MapItem map = map_item(sender, p.item, item);
      if (p.around_fault != 0) {
        if ((map.send_base ^ fault) >> map.send.order() != 0) map.send = Fpage::nil();
        map.send_base = fault;
      }
      const MapStep step = act(*sender.space, *receiver.space, window, map, sender.map, budget);
      if (step == MapStep::more) return {CopyStep::Kind::more};
      if (step == MapStep::no_memory) return overflow;
    }
    p.item = static_cast<u8>(p.item + item.words());
  }
  return {CopyStep::Kind::done};
}

CopyStep next_step(Thread& sender, Thread& receiver, Budget& budget) {
  ItemProgress& p = sender.items;
  while (p.stage != copying) {
    const CopyStep step = map_items(sender, receiver, budget);
    if (step.kind != CopyStep::Kind::done) return step;
    p.item = 0;
    if (p.stage == mapping) finish(sender.map);
    ++p.stage;
  }
  return copy_strings(sender, receiver, p, budget);
}

// The words, and what must be given back.
Delivery close(Thread& sender, Thread& receiver, Failure failure) {
  if (sender.items.stage != copying) finish(sender.map);
  const bool is_user = receiver.protocol == Protocol::user;
  const Delivery delivery = deliver_words(sender, receiver);
  if (!failure) return delivery;
  if (is_user) set_ipc_error(receiver, Phase::receive, failure);
  const bool resumes = delivery.kind == Delivery::Kind::resumes_peer;
  return {resumes ? delivery.kind : Delivery::Kind::failed, failure.error, failure.offset};
}

Failure failure_of(const CopyStep& step, const Thread& sender) {
  switch (step.kind) {
    case CopyStep::Kind::overflow:
      return {IpcError::overflow, sender.items.copied};
    case CopyStep::Kind::out_of_reach:
      return {IpcError::aborted, sender.items.copied};
    default:
      return {};
  }
}

bool has_ended(const CopyStep& step) {
  return step.kind == CopyStep::Kind::done || step.kind == CopyStep::Kind::overflow ||
         step.kind == CopyStep::Kind::out_of_reach;
}

void separate(Cpu& cpu, Thread& sender, Thread& receiver) {
  cancel_timeout(cpu, sender);
  sender.peer = receiver.peer = nullptr;
  receiver.end_wait();
}

// --- Transfer timeouts -----------------------------------------------------------------

Time sender_limit(const Thread& t) { return Timeouts{t.tcr->xfer_timeouts}.send(); }
Time receiver_limit(const Thread& t) {
  return t.protocol == Protocol::user ? Timeouts{t.tcr->xfer_timeouts}.receive() : Time::never();
}

// The earlier one of the two that last longer than nothing.
void start_clock(Cpu& cpu, Thread& sender, Thread& receiver) {
  const Time limits[] = {sender_limit(sender), receiver_limit(receiver)};
  Ticks first = never;
  for (u8 side = 0; side < 2; ++side) {
    if (limits[side].is_never() || limits[side].is_zero()) continue;
    const Ticks end = deadline(limits[side]);
    if (end >= first) continue;
    first = end;
    sender.items.partner_times = side & 1;
  }
  if (first != never) set_timeout(cpu, sender, first);
}

// The limit that start_clock() chose has been reached.
void end_in_time(Cpu& cpu, Thread& sender) {
  const bool partners = sender.items.partner_times != 0;
  abort_transfer(cpu, sender, partners ? IpcError::xfer_timeout_partner : IpcError::xfer_timeout_own,
                 partners ? IpcError::xfer_timeout_own : IpcError::xfer_timeout_partner);
}

// --- Page faults -----------------------------------------------------------------------

// The sender's, while its own page fault is on its way in their place.
void keep_names(Thread& sender, Thread& receiver) {
  receiver.as_sender = sender.as_sender;
  receiver.intended = sender.intended;
}

Thread* fail(Cpu& cpu, Thread& t, IpcError for_sender, IpcError for_receiver) {
  abort_transfer(cpu, t, for_sender, for_receiver);
  return reschedule(cpu);
}

Thread* fault(Cpu& cpu, Thread& sender, Thread& receiver, const CopyStep& step) {
  const bool sends = step.kind == CopyStep::Kind::sender_fault;
  Thread& t = sends ? sender : receiver;
  if (t.space->sigma0 && t.tcr->pager == 0 && map_identity(*t.space, step.address))
    return put_off(cpu, sender, Work::transfer);
  sender.work = Work::transfer;
  if (sender.items.time_is_over != 0) {
    end_in_time(cpu, sender);
    return reschedule(cpu);
  }
  if (is_over(sender_limit(sender)))
    return fail(cpu, sender, IpcError::xfer_timeout_own, IpcError::xfer_timeout_partner);
  if (is_over(receiver_limit(receiver)))
    return fail(cpu, sender, IpcError::xfer_timeout_partner, IpcError::xfer_timeout_own);
  t.protocol = Protocol::transfer_fault;
  t.words[0] = MsgTag::make(label_page_fault | (sends ? Rights::r : Rights::w), 2).raw;
  t.words[1] = step.address;
  t.words[2] = !sends ? ~u64{0} : t.by_iret ? t.regs.rip : stub_return;
  t.words[3] = 0;
  if (sends)
    keep_names(sender, receiver);
  else
    sender.state = State::locked;
  return send_kernel_message(cpu, t, resolve(t, ThreadId{t.tcr->pager}));
}

}  // namespace

Delivery deliver_items(Cpu& cpu, Thread& sender, Thread& receiver) {
  if (!takes_items(receiver)) return deliver_words(sender, receiver);
  sender.items = {};
  sender.map = {};
  // A reply to a fault in a transfer moves what one step can, but the page in any
  // case; nothing nests.
  const bool nests = receiver.protocol == Protocol::transfer_fault;
  const TypedItem first{message_register_of(sender, 1 + MsgTag{sender.regs.r9}.untyped())};
  CopyStep step;
  for (;;) {
    Budget budget(nests ? Budget::step / 2 : first.is_string() ? copy_budget : Budget::step);
    step = next_step(sender, receiver, budget);
    if (!nests || has_ended(step) || sender.items.around_fault != 0) break;
    finish(sender.map);
    sender.items = {};
    sender.items.around_fault = 1;
  }
  if (has_ended(step) || nests)
    return close(sender, receiver, failure_of(step, sender));
  sender.peer = &receiver;
  receiver.peer = &sender;
  receiver.state = State::locked;
  start_clock(cpu, sender, receiver);
  return {Delivery::Kind::under_way};
}

Thread* continue_transfer(Cpu& cpu, Thread& sender) {
  Thread& receiver = *sender.peer;
  MICA_ASSERT(receiver.peer == &sender && receiver.state == State::locked);
  Budget budget(sender.items.stage == copying ? copy_budget : Budget::step);
  const CopyStep step = next_step(sender, receiver, budget);
  if (step.kind == CopyStep::Kind::more) return put_off(cpu, sender, Work::transfer);
  if (!has_ended(step)) return fault(cpu, sender, receiver, step);
  const Failure failure = failure_of(step, sender);
  separate(cpu, sender, receiver);
  (void)close(sender, receiver, failure);
  if (failure)
    set_ipc_error(sender, Phase::send, failure);
  else
    receive_phase(cpu, sender);
  sender.settle_halt();
  if (!sender.runnable()) return hand_off(cpu, receiver);
  enqueue(cpu, receiver);
  return reschedule(cpu);
}

Delivery end_transfer_fault(Thread& t) {
  Thread& peer = *t.peer;
  t.protocol = Protocol::user;
  if (is_sender_in_transfer(t)) {
    t.as_sender = peer.as_sender;
    t.intended = peer.intended;
    return {};
  }
  t.state = State::locked;
  peer.state = State::ready;
  return {Delivery::Kind::resumes_peer};
}

void abort_transfer(Cpu& cpu, Thread& t, IpcError for_sender, IpcError for_receiver) {
  Thread& sender = is_sender_in_transfer(t) ? t : *t.peer;
  Thread& receiver = *sender.peer;
  for (Thread* side : {&sender, &receiver}) {
    withdraw(cpu, *side);
    if (side->protocol == Protocol::transfer_fault) (void)end_transfer_fault(*side);
  }
  sender.work = Work::none;
  sender.settle_halt();
  sender.state = State::ready;
  separate(cpu, sender, receiver);
  if (!sender.runnable()) dequeue(cpu, sender);
  const u64 offset = sender.items.copied;
  (void)close(sender, receiver, {for_receiver, offset});
  set_ipc_error(sender, Phase::send, {for_sender, offset});
  for (Thread* side : {&sender, &receiver})
    if (side != cpu.current) enqueue(cpu, *side);
}

void expire_transfer(Cpu& cpu, Thread& sender) {
  // Copying is not limited, only the waits for pages.
  if (sender.protocol == Protocol::transfer_fault || sender.peer->protocol == Protocol::transfer_fault)
    end_in_time(cpu, sender);
  else
    sender.items.time_is_over = 1;
}

}  // namespace mica
