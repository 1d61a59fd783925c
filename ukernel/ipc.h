// SPDX-License-Identifier: MIT
// Synchronous IPC (X.2 manual, chapter 5): the complete path in C++. The fast
// path (x86/fastpath.S) ends a subset of the same calls with the same result.
#pragma once

#include "cpu.h"

namespace mica {

// The system calls Ipc and Lipc of the running thread.
extern "C" Thread* ipc(Cpu& cpu, Thread& caller);

// The thread that `id` names to `caller`: a global id, or a local one in the
// caller's space; null when there is none.
Thread* resolve(const Thread& caller, ThreadId id);

// Sends t.words as a message of t.protocol to `handler` and waits for its reply,
// both without timeout. The thread is halted if there is no handler.
[[nodiscard]] Thread* send_kernel_message(Cpu& cpu, Thread& t, Thread* handler);

// The same for one that stops running: its handler, if it wakes up, is made ready.
// False: there is no handler, nothing has happened.
bool send_preemption_message(Cpu& cpu, Thread& t, Thread* handler);

// The message of a thread that is not running: an interrupt's. Delivers it or
// queues; returns the thread that it woke, not yet in a ready queue.
Thread* send_interrupt_message(Cpu& cpu, Thread& interrupt, Thread& handler);

// A thread that has just become active waits for its pager's message.
void await_start(Thread& t, ThreadId pager);
// Takes it if the pager is already among those who wait to send to the thread.
void take_start(Cpu& cpu, Thread& t);

// The receive phase of a thread whose send phase is over.
void receive_phase(Cpu& cpu, Thread& t);
// The next step of one that had too many senders to look at, or no moment to do so.
void continue_receive(Cpu& cpu, Thread& t);
// That is no longer wanted.
void abandon_receive(Thread& t);

// Takes a thread out of the IPC that it is blocked in, without a result.
void withdraw(Cpu& cpu, Thread& t);
// Ends an IPC without success. `t` becomes runnable, but is not queued; a thread
// in a kernel protocol (a fault) just goes on.
void cancel_ipc(Cpu& cpu, Thread& t, IpcError error);
// The same because the partner or the time has gone: a thread in a kernel protocol
// has no one to tell and is halted.
void fail_ipc(Cpu& cpu, Thread& t, IpcError error);
void expire_timeout(Cpu& cpu, Thread& t);

// Stops a thread, when it is through with what it does in the kernel, until
// ExchangeRegisters resumes it.
void halt(Thread& t);

}  // namespace mica
