// SPDX-License-Identifier: MIT
// Interrupts as messages (X.2 manual, chapter 7.4 and section "interrupt
// protocol"). Each is a thread with its number and version 1: it sends an empty
// message to its handler and waits for the acknowledgment.
//
//                 attach               fires              the handler takes it
//      inactive ----------> ready -------------> sending ---------------------> receiving
//                             ^                                                     |
//                             +-----------------------------------------------------+
//                                               acknowledgment
//
// A line is masked but in state ready. What devices write, message-signalled
// interrupts, cannot be masked: one that comes in state receiving is kept as
// `missed`, however often it comes, and sent after the acknowledgment.
#pragma once

#include "budget.h"
#include "cpu.h"

namespace mica {

// Makes the interrupt threads, at boot.
void create_interrupt_threads();

// Attaches `handler` to the line, or detaches the line with null.
void attach_interrupt(Cpu& cpu, Thread& interrupt, Thread* handler);
// A handler is going away: its interrupts are free.
Progress detach_step(Cpu& cpu, Thread& handler, Budget& budget);

// The thread to resume, and, not 0, the id of the interrupt whose message is all
// that there is in its registers.
struct AfterLine {
  Thread* thread;
  u64 interrupt;
};

// A line fired, while `current` ran.
extern "C" AfterLine handle_line(Cpu& cpu, Thread& current, u64 line);
// A message to an interrupt thread: true when it came from the handler. Unmasks
// the line if it was waiting for that.
[[nodiscard]] bool acknowledge(Cpu& cpu, Thread& sender, Thread& interrupt);

}  // namespace mica
