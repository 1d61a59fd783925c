// SPDX-License-Identifier: MIT
// The system calls, as the entry code reaches them: arguments and results stand
// in caller.regs; each returns the thread to resume (X.2 manual, chapters 1-6).
#pragma once

#include "cpu.h"
#include "ipc.h"
#include "thread_table.h"

namespace mica {

extern "C" {
Thread* exchange_registers(Cpu& cpu, Thread& caller);
Thread* thread_control(Cpu& cpu, Thread& caller);
// The most frequent uses of ThreadControl, making a thread in a space that is there and
// deleting one whom nobody waits for, without the general case's detours.
// The result, or 0: nothing was done, the complete call has to look at it.
u64 quick_thread_control(u64 dest, u64 pager, u64 scheduler, u64 space, u64 utcb, const Thread& caller);
Thread* system_clock(Cpu& cpu, Thread& caller);
Thread* thread_switch(Cpu& cpu, Thread& caller);
Thread* schedule(Cpu& cpu, Thread& caller);
// The rest of its time slice (bits 16-31) and of its total quantum (0-15), as Schedule returns them.
u64 time_left(Cpu& cpu, Thread& t);
Thread* unmap_call(Cpu& cpu, Thread& caller);
// Unmap without flush of one flexpage, when that is a page from which one other at
// most is derived: the flexpage as Unmap returns it. 0: it is not that case.
u64 quick_unmap(u64 fpage, const Thread& caller);
Thread* space_control(Cpu& cpu, Thread& caller);
Thread* processor_control(Cpu& cpu, Thread& caller);
Thread* memory_control(Cpu& cpu, Thread& caller);
}

// Their next steps.
Thread* continue_unmap(Cpu& cpu, Thread& t);
Thread* continue_memory_control(Cpu& cpu, Thread& t);
Thread* continue_thread_control(Cpu& cpu, Thread& t);
Thread* continue_space_control(Cpu& cpu, Thread& t);
// The end of these without a result.
void abandon_unmap(Thread& t);

// Result register and ErrorCode of a call that returns 1 or 0 in RAX.
inline void set_result(Thread& caller, CallError error) {
  caller.regs.rax = error == CallError::none;
  if (error != CallError::none) caller.tcr->error_code = static_cast<u64>(error);
}

// The thread that an argument names by a global or a local id; null: no thread.
inline Thread* named_thread(const Thread& caller, u64 raw) { return resolve(caller, ThreadId{raw}); }

}  // namespace mica
