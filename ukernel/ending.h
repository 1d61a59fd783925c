// SPDX-License-Identifier: MIT
// The end of threads and spaces, step by step (work.h). First the thread loses its id, so
// that nobody new can refer to it; then those who wait for it hear of it; with the last
// thread its space is unmade; then the TCB is free.
//
// How far that is stands in the dying thread, and the thread that called ThreadControl
// goes on with it. If that one is deleted in the middle, whoever deletes it has to do
// what it had to do, first.
#pragma once

#include "budget.h"
#include "cpu.h"

namespace mica {

// From now on nobody finds `t`, which is not the running thread.
void begin_deletion(Cpu& cpu, Thread& t);
// The next step, until its TCB is free.
Progress deletion_step(Cpu& cpu, Thread& t, Budget& budget);
// What a thread in ThreadControl has to end.
Progress ending_step(Cpu& cpu, Ending& ending, Budget& budget);

// The thread goes on under another version; those who deal with the old id fail. Between
// the begin and the end nobody new can deal with it at all.
void begin_rename(Thread& t);
Progress rename_step(Cpu& cpu, Ending& ending, ThreadId id, Budget& budget);
void abandon_rename(Ending& ending);

// What a thread does in the kernel ends without a result.
void abandon_work(Thread& t);

}  // namespace mica
