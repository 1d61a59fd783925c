// SPDX-License-Identifier: MIT
// Ready queues (256 priorities, round robin within each) and the choice of the
// thread to resume. The running thread is in no queue.
#pragma once

#include <seam.h>

#include "cpu.h"

namespace mica {

// At boot. Without the fast path every Ipc takes the C++ path.
void init_scheduler(Cpu& cpu, bool fast_path);
// Every thread switch and every Ipc takes the C++ path from now on, or no longer.
void close_fast_path(Cpu& cpu, bool closed);
inline bool is_traced(const Cpu& cpu) { return (cpu.top_base & key::traced) != 0; }

// Puts a runnable thread behind, or before, the others of its priority. A thread
// that is not runnable is left alone.
void enqueue(Cpu& cpu, Thread& thread);
void enqueue_first(Cpu& cpu, Thread& thread);
void dequeue(Cpu& cpu, Thread& thread);
inline bool is_queued(const Thread& thread) { return thread.ready.next != nullptr; }

// Every kernel entry ends with one of these. They return the thread to resume, or
// the idle thread when the CPU is to take interrupts in the kernel: because nobody
// is ready, or because cpu.current has work to go on with (work.h).

// The running thread if it can go on and nobody of a higher priority is ready.
[[nodiscard]] Thread* reschedule(Cpu& cpu);
// The same for a caller that is the running thread and can go on.
[[nodiscard]] inline Thread* go_on(Cpu& cpu, Thread& caller) { return cpu.stale ? reschedule(cpu) : &caller; }
// `to`, which was just made runnable and is in no queue, on the time slice of
// the running thread, which has blocked; or somebody more urgent.
[[nodiscard]] Thread* hand_off(Cpu& cpu, Thread& to);
// A new total quantum; a thread that has spent the old one goes on.
void set_quantum(Cpu& cpu, Thread& thread, Ticks quantum);
// Takes what the running thread has used up by now off its total quantum.
void charge(Cpu& cpu, Ticks now);
// `woken`, which an interrupt has just made runnable, at once if it is the most urgent.
[[nodiscard]] Thread* run_if_urgent(Cpu& cpu, Thread& woken);
// `woken` is more urgent than all others, and runs in place of the running thread.
// What the timer and the fast path have to know is put off to the next entry of
// the C++ path, which `top` sends everybody to.
void interrupt_running(Cpu& cpu, Thread& woken);
// `to`, whatever its priority, on the rest of the running thread's time slice.
[[nodiscard]] Thread* donate(Cpu& cpu, Thread& to);
// Gives up the rest of the time slice.
[[nodiscard]] Thread* yield(Cpu& cpu);

// The timer fired: ends timeouts that are due and used-up time slices.
extern "C" Thread* handle_timer(Cpu& cpu, Thread& current);

// Makes the thread's key follow its priority, its FPU state, its FS base and its space's redirector.
// What its senders made rare stays so until they have gone.
inline void update_key(Thread& t) {
  const u64 kept = t.senders ? t.key & key::rare : 0;
  t.key = kept | u64{t.priority} << key::priority_shift | u64{t.cpu} << key::cpu_shift;
  if (t.waiter != Thread::many) t.key |= key::unmet;
  if (t.fpu) t.key |= fpu_key();
  if (t.vanishing || t.quantum != never || t.fs_base != 0 || (t.space && t.space->keys_are_rare()))
    t.key |= key::rare;
}
// Makes `guard` follow the thread's priority and its preemption control.
inline void update_guard(Thread& t) {
  t.guard = t.max_delay != 0 && t.sensitive_priority > t.priority ? t.sensitive_priority : t.priority;
}
// From now on the fast path may begin waits for it.
void meet(Thread& t);
void set_priority(Cpu& cpu, Thread& thread, u8 priority);

// The running thread has so much of a time slice from now on.
inline void begin_slice(Cpu& cpu, Ticks length, Ticks now) {
  cpu.slice_end = length > never - now ? never : now + length;
  cpu.stale = true;
}

// Takes a thread off the CPU for good: used before it is deleted.
void remove_from_cpu(Cpu& cpu, Thread& thread);

}  // namespace mica
