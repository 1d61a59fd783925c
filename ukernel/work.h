// SPDX-License-Identifier: MIT
// Long operations. Interrupts are off in the kernel, so what takes longer than
// about 5,000 instructions is done in steps, and interrupts are let in between:
//
//      call ---> step ---> put_off() ---> [interrupts] ---> continue_work() -+-> done
//                            ^                  |                            |
//                            |                  v                            |
//                            |          others run, while the thread         |
//                            |          is ready like any other              |
//                            +-----------------------------------------------+
//
// Nothing of a step stays on the kernel's stack. How far an operation is stands in
// the TCB (Thread::work and what belongs to it) or in the object that it is about;
// a call whose arguments tell that simply runs again from its beginning.
#pragma once

#include "budget.h"
#include "cpu.h"

namespace mica {

// The running thread goes on with `work` when the interrupts that wait have been
// taken and it is its turn. Returns the thread to resume.
[[nodiscard]] Thread* put_off(Cpu& cpu, Thread& t, Work work);

// The next step of the running thread's work.
extern "C" Thread* continue_work(Cpu& cpu, Thread& t);

}  // namespace mica
