// SPDX-License-Identifier: MIT
// Interrupts that tasks handle: which thread gets the messages of which line.
#pragma once

#include "interrupt_table.h"

namespace root {

class Interrupts {
 public:
  // The line's messages go to the thread. busy: another living task has it.
  Result<void> attach(Word line, l4::ThreadId handler);
  // A message-signalled interrupt of its own for the thread. no_room: all are taken.
  Result<mica::MessageInterrupt> attach_message(l4::ThreadId handler);
  // Takes all away from the thread, or from all threads of the task.
  void detach(l4::ThreadId handler);
  void detach(TaskId task);

  Result<mica::InterruptInfo> info(Word n) const { return table_.info(n); }
  // Message-signalled ones that the task has.
  Word messages(TaskId task) const { return table_.messages(task); }

 private:
  InterruptTable table_;
};

extern Interrupts interrupts;

}  // namespace root
