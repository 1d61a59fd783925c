// SPDX-License-Identifier: MIT
#include "interrupts.h"

namespace root {

constinit Interrupts interrupts;

namespace {

void take_away(Word number) { (void)L4_DeassociateInterrupt(L4_GlobalId(number, 1)); }

}  // namespace

Result<void> Interrupts::attach(Word line, l4::ThreadId handler) {
  const Result<void> free = table_.check(line, TaskId::of(handler));
  if (!free) return free;
  if (L4_AssociateInterrupt(L4_GlobalId(line, 1), handler) != 1) return Error::bad_argument;
  table_.set(line, handler, InterruptTable::Kind::line);
  return {};
}

Result<mica::MessageInterrupt> Interrupts::attach_message(l4::ThreadId handler) {
  for (Word n = 0; n < L4_NumMessageInterrupts() && !table_.full(); ++n) {
    const l4::ThreadId id = L4_MessageInterrupt(n);
    if (table_.has(id.number())) continue;
    mica::MessageInterrupt result{id.number(), 0, 0};
    if (L4_AssociateMessageInterrupt(id, handler, &result.address, &result.data) != 1)
      return Error::bad_argument;
    table_.set(id.number(), handler, InterruptTable::Kind::message);
    return result;
  }
  return Error::no_room;
}

void Interrupts::detach(l4::ThreadId handler) {
  table_.remove_if([handler](l4::ThreadId thread) { return thread == handler; }, take_away);
}

void Interrupts::detach(TaskId task) {
  table_.remove_if([task](l4::ThreadId thread) { return TaskId::of(thread) == task; }, take_away);
}

}  // namespace root
