// SPDX-License-Identifier: MIT
#include "interrupts.h"

namespace root {

constinit Interrupts interrupts;

Result<void> Interrupts::attach(const Task& task, Word number, l4::ThreadId handler) {
  for (Line& line : lines_) {
    if (line.number != number) continue;
    if (line.task != task.id()) return Error::busy;
    if (L4_AssociateInterrupt(L4_GlobalId(number, 1), handler) != 1) return Error::bad_argument;
    line.handler = handler;
    return {};
  }
  if (lines_.full()) return Error::no_room;
  if (L4_AssociateInterrupt(L4_GlobalId(number, 1), handler) != 1) return Error::bad_argument;
  lines_.push({number, task.id(), handler});
  return {};
}

Result<mica::MessageInterrupt> Interrupts::attach_message(const Task& task, l4::ThreadId handler) {
  for (Word n = 0; n < L4_NumMessageInterrupts(); ++n) {
    const l4::ThreadId id = L4_MessageInterrupt(n);
    bool taken = lines_.full();
    for (const Line& line : lines_) taken = taken || line.number == id.number();
    if (taken) continue;
    mica::MessageInterrupt result{id.number(), 0, 0};
    if (L4_AssociateMessageInterrupt(id, handler, &result.address, &result.data) != 1) return Error::bad_argument;
    lines_.push({id.number(), task.id(), handler});
    return result;
  }
  return Error::no_room;
}

void Interrupts::detach(TaskId task) {
  for (std::size_t i = lines_.size(); i-- > 0;) {
    if (lines_[i].task != task) continue;
    (void)L4_DeassociateInterrupt(L4_GlobalId(lines_[i].number, 1));
    lines_.remove(i);
  }
}

Result<mica::InterruptInfo> Interrupts::info(Word n) const {
  if (n >= lines_.size()) return Error::not_found;
  return mica::InterruptInfo{lines_[n].number, lines_[n].handler};
}

Word Interrupts::count(TaskId task) const {
  Word n = 0;
  for (const Line& line : lines_) n += line.task == task ? 1u : 0u;
  return n;
}

}  // namespace root
