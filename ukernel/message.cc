// SPDX-License-Identifier: MIT
#include "message.h"

#include <seam.h>

#include "assertion.h"
#include "fault.h"
#include "message_transfer.h"
#include "thread_table.h"
#include "timeout.h"
#include "trace.h"

namespace mica {

namespace {

// MR1.. of an exception message, up to FLAGS.
constexpr u64 Registers::*exception_register[] = {
    &Registers::rip, &Registers::rbx, &Registers::r10, &Registers::r12, &Registers::r13, &Registers::r14,
    &Registers::r15, &Registers::rax, &Registers::rcx, &Registers::rdx, &Registers::rsi, &Registers::rdi,
    &Registers::rbp, &Registers::r8,  &Registers::r9,  &Registers::r11};
constexpr unsigned exception_general = 16;

// Word `i`, from 1, of the exception message that `t` sends.
[[gnu::cold, gnu::noinline]] u64 exception_word(Thread& t, unsigned i) {
  if (i <= exception_general) return t.regs.*exception_register[i - 1];
  if (i == 17) return t.rsp;
  if (i == 18) return t.rflags;
  return i <= exception_words ? t.words[i - 17] : 0;
}

// Word `i` of the message that `t` sends.
u64 word(Thread& t, unsigned i) {
  if (t.protocol == Protocol::user) return message_register_of(t, i);
  if (t.protocol == Protocol::exception && i != 0) return exception_word(t, i);
  return i < 4 ? t.words[i] : 0;
}

MsgTag tag_of(Thread& t) { return {t.protocol == Protocol::user ? t.regs.r9 : t.words[0]}; }

// The id of a sender as the receiver has to see it.
inline u64 seen_id(const Thread& sender, const Thread& receiver) {
  return sender.space == receiver.space && sender.utcb != 0 ? sender.utcb : sender.id.raw;
}

void copy_words_to_user(Thread& sender, Thread& receiver, unsigned last) {
  Registers& to = receiver.regs;
  if (sender.protocol == Protocol::user) {
    const Registers& from = sender.regs;
    to.rax = from.rax;
    to.rbx = from.rbx;
    to.r10 = from.r10;
    to.r12 = from.r12;
    to.r13 = from.r13;
    to.r14 = from.r14;
    to.r15 = from.r15;
    if (last >= register_words)
      copy_words(&receiver.tcr->mr[register_words], &sender.tcr->mr[register_words], last - register_words + 1);
  } else if (sender.protocol == Protocol::exception) {
    for (unsigned i = 1; i <= exception_words; ++i) message_register_of(receiver, i) = exception_word(sender, i);
  } else {
    to.rax = sender.words[1];
    to.rbx = sender.words[2];
    to.r10 = to.r12 = to.r13 = to.r14 = to.r15 = 0;
  }
}

// What only few messages have: another sender or receiver than meant.
[[gnu::cold, gnu::noinline]] void deliver_names(Thread& sender, Thread& receiver) {
  if (!sender.as_sender.is_nil()) {
    receiver.regs.r9 |= MsgTag::propagated;
    receiver.tcr->virtual_sender = sender.id.raw;
    if (const Thread* const v = find_thread(sender.as_sender)) receiver.regs.rsi = seen_id(*v, receiver);
  }
  if (!sender.intended.is_nil()) {
    receiver.regs.r9 |= MsgTag::redirected;
    receiver.tcr->intended_receiver = sender.intended.raw;
  }
}

void deliver_to_user(Thread& sender, Thread& receiver) {
  const MsgTag tag = tag_of(sender);
  receiver.regs.r9 = tag.clean().raw;
  receiver.regs.rsi = seen_id(sender, receiver);
  receiver.regs.rdi = receiver.utcb;
  copy_words_to_user(sender, receiver, tag.untyped() + tag.typed());
  if ((sender.as_sender.raw | sender.intended.raw) != 0) deliver_names(sender, receiver);
}

// A reply to an exception message reloads the registers that it carries.
[[gnu::cold, gnu::noinline]] void load_registers(Thread& sender, Thread& receiver) {
  const unsigned last = tag_of(sender).untyped();
  for (unsigned i = 1; i <= last && i <= exception_general; ++i)
    receiver.regs.*exception_register[i - 1] = word(sender, i);
  if (last >= 17) receiver.rsp = word(sender, 17);
  if (last >= 18)
    receiver.rflags = static_cast<u32>((receiver.rflags & ~rflags_by_message) |
                                       (word(sender, 18) & rflags_by_message));
}

Delivery deliver_to_kernel(Thread& sender, Thread& receiver) {
  switch (receiver.protocol) {
    case Protocol::start:
      if (tag_of(sender).untyped() == 2) {
        receiver.regs.rip = word(sender, 1);
        receiver.rsp = word(sender, 2);
      }
      break;
    case Protocol::exception:
      load_registers(sender, receiver);
      break;
    case Protocol::transfer_fault:
      return end_transfer_fault(receiver);
    case Protocol::preemption:
      receiver.protocol = Protocol::user;
      return {};
    case Protocol::page_fault:
    case Protocol::io_fault:
    case Protocol::user:
    case Protocol::interrupt:
      break;
  }
  receiver.by_iret = true;
  receiver.protocol = Protocol::user;
  return {};
}

}  // namespace

bool well_formed(Thread& sender) {
  const MsgTag tag{sender.regs.r9};
  if (!tag.fits()) return false;
  if (tag.typed() == 2 && TypedItem{message_register_of(sender, 1 + tag.untyped())}.is_plain()) return true;
  const unsigned end = 1 + tag.untyped() + tag.typed();
  unsigned i = 1 + tag.untyped();
  bool continues = false;  // a string that goes on in the next descriptor
  while (i < end) {
    const TypedItem item{message_register_of(sender, i)};
    if (!item.is_string() && (continues || !item.is_map_or_grant())) return false;
    continues = item.is_string() && item.string_continues();
    i += item.words();
  }
  return i == end && !continues;
}

[[gnu::cold, gnu::noinline]] Delivery deliver_words(Thread& sender, Thread& receiver) {
  if (receiver.protocol != Protocol::user) return deliver_to_kernel(sender, receiver);
  deliver_to_user(sender, receiver);
  return {};
}

namespace {

// One item that needs no steps: a page, or a short string.
[[gnu::noinline]] bool deliver_plain_item(Thread& sender, Thread& receiver, MsgTag tag) {
  if (tag.typed() != 2) return false;
  const unsigned i = 1 + tag.untyped();
  const TypedItem item{message_register_of(sender, i)};
  if (item.is_string())
    return receiver.protocol == Protocol::user &&
           copy_plain(sender, receiver, item, message_register_of(sender, i + 1));
  return item.kind() == TypedItem::Kind::map &&
         transfer_plain(*sender.space, *receiver.space, window_of(receiver), map_item(sender, i, item));
}

}  // namespace

Delivery deliver(Cpu& cpu, Thread& sender, Thread& receiver) {
  MICA_ASSERT(&sender != &receiver);
  trace_event(TraceEvent::message, sender, receiver.id.raw);
  receiver.end_wait();
  // The kernel's own messages have no items.
  const MsgTag tag = tag_of(sender);
  if (receiver.protocol == Protocol::user) cancel_timeout(cpu, receiver);
  if (tag.typed() != 0 && !deliver_plain_item(sender, receiver, tag)) return deliver_items(cpu, sender, receiver);
  return deliver_words(sender, receiver);
}

void set_ipc_error(Thread& t, Phase phase, Failure failure) {
  MICA_ASSERT(t.tcr && failure);
  t.regs.r9 = MsgTag{t.regs.r9}.with(MsgTag::error).raw;
  t.regs.rdi = t.utcb;
  t.tcr->error_code = ipc_error_word(phase, failure.error, failure.offset);
  trace_event(TraceEvent::failed, t, t.tcr->error_code);
}

}  // namespace mica
