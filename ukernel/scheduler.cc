// SPDX-License-Identifier: MIT
#include "scheduler.h"

#include <bit>
#include <seam.h>

#include "assertion.h"
#include "ipc.h"
#include "thread_ring.h"
#include "timeout.h"

namespace mica {

namespace {

void set_ready_top(Cpu& cpu, i64 priority) {
  cpu.stale = true;
  cpu.ready_top = priority;
  cpu.top_of_ready = cpu.top_base + (static_cast<u64>(priority < 0 ? 0 : priority) << key::priority_shift);
}

void find_ready_top(Cpu& cpu) {
  for (unsigned word = priorities / 64; word-- > 0;)
    if (cpu.ready_bits[word] != 0)
      return set_ready_top(cpu, static_cast<i64>(word) * 64 + 63 - std::countl_zero(cpu.ready_bits[word]));
  set_ready_top(cpu, -1);
}

// Puts a runnable thread that is in no queue into its own.
void insert(Cpu& cpu, Thread& t, bool first) {
  MICA_ASSERT(t.runnable() && !is_queued(t));
  Thread*& head = cpu.ready[t.priority];
  const bool was_empty = !head;
  append<&Thread::ready>(head, t);
  if (was_empty) {
    cpu.ready_bits[t.priority / 64] |= u64{1} << t.priority % 64;
    if (t.priority > cpu.ready_top) set_ready_top(cpu, t.priority);
  } else if (first) {
    head = &t;
  }
}

// Has the timer fire at the next timeout, or at the end of the time slice if
// anybody is ready at all: the fast path passes the slice on to threads of other
// priorities without a look at the timer.
void update_timer(Cpu& cpu, const Thread& next) {
  cpu.stale = &next == cpu.idle;
  Ticks want = next_timeout(cpu);
  if (cpu.ready_top >= 0 && &next != cpu.idle && cpu.slice_end < want) want = cpu.slice_end;
  if (want == cpu.timer_armed) return;
  cpu.timer_armed = want;
  if (want == never)
    disarm_timer();
  else
    arm_timer(want);
}

void update_top(Cpu& cpu, const Thread& next) {
  const u64 top = cpu.top_of_ready - (next.key & key::fpu);
  cpu.top = (next.key & key::rare) || cpu.io_enabled ? key::rare_top : top;
}

// `next` is the running thread from now on, but in the kernel. `stale` sends every
// interrupt in between here again.
[[gnu::cold, gnu::noinline]] Thread* resume_work(Cpu& cpu, Thread& next) {
  if (cpu.io_enabled && &next != cpu.current) disable_ports(cpu);
  cpu.current = &next;
  update_timer(cpu, next);
  cpu.stale = true;
  return cpu.idle;
}

[[gnu::noinline]] Thread* resume_changed(Cpu& cpu, Thread& next) {
  if (next.work != Work::none) return resume_work(cpu, next);
  if (cpu.fpu_owner != next.fpu_thread()) switch_fpu(cpu, next);
  if (cpu.io_enabled && &next != cpu.current) disable_ports(cpu);
  cpu.current = &next;
  if (cpu.stale) update_timer(cpu, next);
  update_top(cpu, next);
  return &next;
}

// Makes `next` the running thread.
inline Thread* resume(Cpu& cpu, Thread& next) {
  MICA_ASSERT(next.runnable() && !is_queued(next));
  // Whoever has FPU state has it in the key.
  if (cpu.stale || cpu.io_enabled || cpu.fpu_owner || (next.key & (key::rare | key::fpu)) ||
      next.work != Work::none)
    return resume_changed(cpu, next);
  cpu.current = &next;
  cpu.top = cpu.top_of_ready;
  return &next;
}

void begin_slice(Cpu& cpu, Ticks length, Ticks now) {
  cpu.slice_end = length > never - now ? never : now + length;
  cpu.stale = true;
}

// The running thread stops running although it could go on.
void preempt(Cpu& cpu, Thread& t, Ticks now) {
  MICA_ASSERT(&t == cpu.current && &t != cpu.idle);
  if (cpu.slice_end == never || now < cpu.slice_end) {
    if (cpu.slice_end != never) t.slice_left = cpu.slice_end - now;
    insert(cpu, t, true);
  } else {
    t.slice_left = t.slice;
    insert(cpu, t, false);
  }
}

// An interrupt woke a thread that is more urgent than the running one.
inline void take_over(Cpu& cpu, const Thread& woken) {
  Thread& t = *cpu.current;
  const Ticks now = read_clock();
  if (&t != cpu.idle) preempt(cpu, t, now);
  begin_slice(cpu, woken.slice_left, now);
}

Thread* run_first_ready(Cpu& cpu) {
  if (cpu.ready_top < 0) return resume(cpu, *cpu.idle);
  Thread& next = *cpu.ready[static_cast<unsigned>(cpu.ready_top)];
  dequeue(cpu, next);
  begin_slice(cpu, next.slice_left, read_clock());
  return resume(cpu, next);
}

}  // namespace

void init_scheduler(Cpu& cpu, bool fast_path) {
  cpu.top_base = fast_path ? u64{cpu.number} << key::cpu_shift | expected_gs : key::rare_top;
  set_ready_top(cpu, -1);
}

void enqueue(Cpu& cpu, Thread& t) {
  if (t.runnable() && !is_queued(t)) insert(cpu, t, false);
}

void enqueue_first(Cpu& cpu, Thread& t) {
  if (t.runnable() && !is_queued(t)) insert(cpu, t, true);
}

void dequeue(Cpu& cpu, Thread& t) {
  if (!is_queued(t)) return;
  Thread*& head = cpu.ready[t.priority];
  take_out<&Thread::ready>(head, t);
  if (head) return;
  cpu.ready_bits[t.priority / 64] &= ~(u64{1} << t.priority % 64);
  if (cpu.ready_top == t.priority) find_ready_top(cpu);
}

Thread* reschedule(Cpu& cpu) {
  Thread& t = *cpu.current;
  if (t.runnable() && &t != cpu.idle) {
    if (cpu.ready_top <= t.priority) return cpu.stale ? resume(cpu, t) : &t;
    preempt(cpu, t, read_clock());
  }
  return run_first_ready(cpu);
}

Thread* hand_off(Cpu& cpu, Thread& to) {
  MICA_ASSERT(!is_queued(to) && !cpu.current->runnable());
  if (cpu.ready_top > to.priority || to.is_halted()) {
    enqueue(cpu, to);
    return reschedule(cpu);
  }
  return resume(cpu, to);
}

[[gnu::cold, gnu::noinline]] Thread* run_if_urgent(Cpu& cpu, Thread& woken) {
  if (!woken.runnable() || woken.priority <= cpu.current->priority || cpu.ready_top > woken.priority) {
    enqueue(cpu, woken);
    return reschedule(cpu);
  }
  take_over(cpu, woken);
  return resume(cpu, woken);
}

void interrupt_running(Cpu& cpu, Thread& woken) {
  MICA_ASSERT(woken.runnable() && !is_queued(woken) && woken.priority > cpu.ready_top);
  take_over(cpu, woken);
  if (cpu.io_enabled) disable_ports(cpu);
  cpu.current = &woken;
  cpu.top = key::rare_top;
}

[[gnu::cold, gnu::noinline]] Thread* donate(Cpu& cpu, Thread& to) {
  MICA_ASSERT(is_queued(to));
  Thread& t = *cpu.current;
  dequeue(cpu, to);
  t.slice_left = t.slice;  // `to` has the rest of the present one, and `t` its next turn after its likes
  enqueue(cpu, t);
  return resume(cpu, to);
}

[[gnu::cold, gnu::noinline]] Thread* yield(Cpu& cpu) {
  Thread& t = *cpu.current;
  MICA_ASSERT(t.runnable());
  t.slice_left = t.slice;
  enqueue(cpu, t);
  return run_first_ready(cpu);
}

[[gnu::cold, gnu::noinline]] Thread* handle_timer(Cpu& cpu, Thread&) {
  acknowledge_interrupt();
  cpu.timer_armed = never;
  cpu.stale = true;
  const Ticks now = read_clock();
  while (next_timeout(cpu) <= now) {
    Thread& t = *cpu.timeouts;
    cancel_timeout(cpu, t);
    expire_timeout(cpu, t);
  }
  Thread& t = *cpu.current;
  if (t.runnable() && &t != cpu.idle && now >= cpu.slice_end) {
    if (cpu.ready_top >= t.priority) {
      preempt(cpu, t, now);
      return run_first_ready(cpu);
    }
    begin_slice(cpu, t.slice, now);
  }
  return reschedule(cpu);
}

[[gnu::cold, gnu::noinline]] void set_priority(Cpu& cpu, Thread& t, u8 priority) {
  const bool queued = is_queued(t);
  cpu.stale = true;  // it may be the running thread
  dequeue(cpu, t);
  t.priority = priority;
  update_key(t);
  if (queued) enqueue(cpu, t);
}

void remove_from_cpu(Cpu& cpu, Thread& t) {
  dequeue(cpu, t);
  cancel_timeout(cpu, t);
  if (cpu.fpu_owner == &t) drop_fpu(cpu);
}

}  // namespace mica
