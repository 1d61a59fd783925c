// SPDX-License-Identifier: MIT
// Interrupts that tasks handle: which thread gets the messages of which line.
#pragma once

#include "task.h"

namespace root {

class Interrupts {
 public:
  // The line's messages go to the thread, of this task. busy: another living task has it.
  Result<void> attach(const Task& task, Word line, l4::ThreadId handler);
  // A message-signalled interrupt of its own for the task. no_room: all are taken.
  Result<mica::MessageInterrupt> attach_message(const Task& task, l4::ThreadId handler);
  // Takes the task's lines away.
  void detach(TaskId task);

  Result<mica::InterruptInfo> info(Word n) const;
  Word count(TaskId task) const;

 private:
  struct Line {
    Word number;
    TaskId task;
    l4::ThreadId handler;
  };
  mica::FixedVector<Line, 64> lines_;
};

extern Interrupts interrupts;

}  // namespace root
