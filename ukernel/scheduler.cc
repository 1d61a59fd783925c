// SPDX-License-Identifier: MIT
#include "scheduler.h"

#include <bit>
#include <seam.h>

#include "assertion.h"
#include "ipc.h"
#include "thread_table.h"
#include "thread_ring.h"
#include "timeout.h"
#include "trace.h"

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
  const unsigned priority = t.priority;
  Thread*& head = cpu.ready[priority];
  const bool was_empty = !head;
  append<&Thread::ready>(head, t);
  if (was_empty) {
    cpu.ready_bits[priority / 64] |= u64{1} << priority % 64;
    if (priority > cpu.ready_top) set_ready_top(cpu, priority);
  } else if (first) {
    head = &t;
  }
}

// Has the timer fire at the next timeout, or at the end of the time slice if
// anybody is ready at all: the fast path passes the slice on to threads of other
// priorities without a look at the timer.
[[gnu::cold]] void update_timer(Cpu& cpu, const Thread& next) {
  cpu.stale = &next == cpu.idle;
  Ticks want = next_timeout(cpu);
  if (want < cpu.timeouts_rest && &next != cpu.idle) want = cpu.timeouts_rest;
  if (cpu.ready_top >= 0 && &next != cpu.idle) {
    if (cpu.slice_end < want) want = cpu.slice_end;
    // Only what holds somebody up has to end.
    if (next.delay_end != 0 && cpu.ready_top > next.priority && next.delay_end < want) want = next.delay_end;
  }
  if (cpu.quantum_begin != never) {
    cpu.stale = true;  // so that every switch comes by here
    const Ticks end = cpu.quantum_begin + next.quantum;
    // Work goes on when its thread's quantum is spent, and the timer must not keep it from doing so.
    if (next.quantum != never && end < want && next.work == Work::none) want = end;
  }
  if (want == cpu.timer_armed) return;
  cpu.timer_armed = want;
  if (want == never)
    disarm_timer();
  else
    arm_timer(want);
}

void update_top(Cpu& cpu, const Thread& next) {
  cpu.unusual = cpu.fpu_owner || cpu.quantum_begin != never || next.fs_base != 0;
  const u64 top = cpu.top_of_ready - (next.key & key::fpu);
  cpu.top = (next.key & key::rare) || cpu.io_enabled ? key::rare_top : top;
}

[[gnu::cold, gnu::noinline, gnu::section(".trace")]] void trace_switch(const Thread& from, const Thread& to) {
  if (&from != &to) trace_event(TraceEvent::run, from, to.id.raw);
}

// The running thread's total quantum, if it has an end, goes on with `next`'s. While the trace is
// on, all are watched as if they had one: so every switch comes by here.
[[gnu::cold, gnu::noinline]] void switch_quantum(Cpu& cpu, const Thread& next) {
  const Ticks now = read_clock();
  charge(cpu, now);
  cpu.quantum_begin = next.quantum != never || is_traced(cpu) ? now : never;
  cpu.stale = true;
  trace_switch(*cpu.current, next);
}

// What only the running thread has. The FS base of another is loaded even if it is the
// same: the one before may have lost its own by loading a selector.
[[gnu::noinline]] void make_current(Cpu& cpu, Thread& next) {
  if (&next == cpu.current) return;
  if (cpu.io_enabled) disable_ports(cpu);
  if ((cpu.current->fs_base | next.fs_base) != 0) load_fs_base(next.fs_base);
  cpu.current = &next;
}

// `next` is the running thread from now on, but in the kernel. `stale` sends every
// interrupt in between here again.
[[gnu::cold, gnu::noinline]] Thread* resume_work(Cpu& cpu, Thread& next) {
  make_current(cpu, next);
  update_timer(cpu, next);
  cpu.stale = true;
  return cpu.idle;
}

[[gnu::noinline]] Thread* resume_changed(Cpu& cpu, Thread& next) {
  if (cpu.quantum_begin != never || next.quantum != never) switch_quantum(cpu, next);
  if (next.work != Work::none) return resume_work(cpu, next);
  // It comes from a call: it is no longer quite new.
  if ((next.key & key::unmet) && !next.by_iret) meet(next);
  if (cpu.fpu_owner != next.fpu_thread()) switch_fpu(cpu, next);
  make_current(cpu, next);
  if (cpu.stale) update_timer(cpu, next);
  update_top(cpu, next);
  return &next;
}

// Makes `next` the running thread.
inline Thread* resume(Cpu& cpu, Thread& next) {
  MICA_ASSERT(next.runnable() && !is_queued(next));
  // Whoever has FPU state or an FS base has it in the key.
  if (cpu.stale || cpu.io_enabled || cpu.unusual || (next.key & (key::rare | key::fpu | key::unmet)) ||
      next.work != Work::none)
    return resume_changed(cpu, next);
  cpu.current = &next;
  cpu.top = cpu.top_of_ready;
  return &next;
}

constexpr unsigned timeouts_at_once = 5;

// The running thread has asked that others, up to its sensitive priority, wait a little
// when they could preempt it (manual, chapter 3.3), and its time for that is not over.
[[gnu::cold, gnu::noinline]] bool delays(Cpu& cpu, Thread& t, i64 others) {
  if (t.max_delay == 0 || others > t.sensitive_priority || !t.tcr || t.work != Work::none) return false;
  u8& flags = t.tcr->preempt_flags;
  if ((flags & preempt_delay) == 0) return false;
  const Ticks now = read_clock();
  if (t.delay_end == 0) {
    t.delay_end = now + ticks_from_us(t.max_delay);
    flags |= preempt_pending;
    cpu.stale = true;
  }
  return now < t.delay_end;
}

// A preempted thread may delay the next time again. One that wants it known is in an
// exchange of messages, not ready.
[[gnu::cold, gnu::noinline]] void note_preemption(Cpu& cpu, Thread& t) {
  t.delay_end = 0;
  if ((t.tcr->preempt_flags & preempt_signal) == 0) return;
  if (t.work == Work::none && send_preemption_message(cpu, t, resolve(t, ThreadId{t.tcr->exception_handler})))
    dequeue(cpu, t);
}

// The running thread stops running although it could go on.
void preempt(Cpu& cpu, Thread& t, Ticks now) {
  MICA_ASSERT(&t == cpu.current && &t != cpu.idle);
  if (now < cpu.slice_end) {
    t.slice_left = cpu.slice_end - now;  // a slice without end stays longer than any: take_ready()
    insert(cpu, t, true);
  } else {
    t.slice_left = t.slice;
    insert(cpu, t, false);
  }
  if ((t.tcr->preempt_flags & (preempt_signal | preempt_pending)) != 0) [[unlikely]] note_preemption(cpu, t);
}

// An interrupt woke a thread that is more urgent than the running one.
inline void take_over(Cpu& cpu, const Thread& woken) {
  Thread& t = *cpu.current;
  const Ticks now = read_clock();
  if (&t != cpu.idle) preempt(cpu, t, now);
  begin_slice(cpu, woken.slice_left, now);
}

// It is about to run. What was left of somebody else's slice when it was preempted may be
// longer than its own.
void take_ready(Cpu& cpu, Thread& t) {
  dequeue(cpu, t);
  if (t.slice_left > t.slice) t.slice_left = t.slice;
}

Thread* run_first_ready(Cpu& cpu) {
  if (cpu.ready_top < 0) return resume(cpu, *cpu.idle);
  Thread& next = *cpu.ready[static_cast<unsigned>(cpu.ready_top)];
  take_ready(cpu, next);
  begin_slice(cpu, next.slice_left, read_clock());
  return resume(cpu, next);
}

}  // namespace

void init_scheduler(Cpu& cpu, bool fast_path) {
  cpu.top_base = fast_path ? u64{cpu.number} << key::cpu_shift | expected_gs : key::rare_top;
  set_ready_top(cpu, -1);
}

[[gnu::cold]] void close_fast_path(Cpu& cpu, bool closed) {
  const u64 change = (cpu.top_base & key::traced) ^ (closed ? key::traced : 0);
  cpu.top_base ^= change;
  cpu.top_of_ready ^= change;
  cpu.stale = true;
  if (cpu.quantum_begin == never) cpu.quantum_begin = read_clock();  // the switch that follows puts it right
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
    if (cpu.ready_top <= t.priority || (cpu.ready_top <= t.guard && delays(cpu, t, cpu.ready_top)))
      return cpu.stale ? resume(cpu, t) : &t;
    preempt(cpu, t, read_clock());
  }
  return run_first_ready(cpu);
}

Thread* hand_off(Cpu& cpu, Thread& to) {
  MICA_ASSERT(!is_queued(to) && !cpu.current->runnable());
  if (cpu.ready_top > to.priority || to.stopped != 0) {
    enqueue(cpu, to);
    return reschedule(cpu);
  }
  return resume(cpu, to);
}

[[gnu::cold, gnu::noinline]] Thread* run_if_urgent(Cpu& cpu, Thread& woken) {
  if (!woken.runnable() || woken.priority <= cpu.current->guard || cpu.ready_top > woken.priority) {
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
  take_ready(cpu, to);
  t.delay_end = 0;
  t.slice_left = t.slice;  // `to` has the rest of the present one, and `t` its next turn after its likes
  enqueue(cpu, t);
  return resume(cpu, to);
}

[[gnu::cold, gnu::noinline]] Thread* yield(Cpu& cpu) {
  Thread& t = *cpu.current;
  MICA_ASSERT(t.runnable());
  t.tcr->preempt_flags &= static_cast<u8>(~preempt_pending);
  t.delay_end = 0;
  t.slice_left = t.slice;
  enqueue(cpu, t);
  return run_first_ready(cpu);
}

[[gnu::cold, gnu::noinline]] void charge(Cpu& cpu, Ticks now) {
  if (cpu.quantum_begin == never) return;
  Thread& t = *cpu.current;
  const Ticks used = now - cpu.quantum_begin;
  if (t.quantum != never) t.quantum = used < t.quantum ? t.quantum - used : 0;
  cpu.quantum_begin = now;
}

// The running thread has nothing left and stops until its scheduler, which hears of it,
// gives it a new quantum.
[[gnu::cold, gnu::noinline]] static bool quantum_is_spent(Cpu& cpu, Thread& t, Ticks now) {
  charge(cpu, now);
  if (t.quantum != 0 || !t.runnable() || t.work != Work::none) return false;
  t.delay_end = 0;
  t.slice_left = t.slice;
  t.stopped |= stopped_by::spent;
  (void)send_preemption_message(cpu, t, find_thread(t.scheduler));
  return true;
}

[[gnu::cold, gnu::noinline]] void set_quantum(Cpu& cpu, Thread& t, Ticks quantum) {
  cpu.stale = true;
  if (&t == cpu.current) charge(cpu, read_clock());
  t.quantum = quantum;
  update_key(t);
  if ((t.stopped & stopped_by::spent) == 0 || quantum == 0) return;
  if (t.protocol == Protocol::preemption) cancel_ipc(cpu, t, IpcError::cancelled);
  t.stopped &= static_cast<u8>(~stopped_by::spent);
  enqueue(cpu, t);
}

[[gnu::cold, gnu::noinline]] Thread* handle_timer(Cpu& cpu, Thread&) {
  acknowledge_interrupt();
  cpu.timer_armed = never;
  cpu.stale = true;
  const Ticks now = read_clock();
  // Threads get as long to run as this takes before the rest of what is due ends.
  for (unsigned n = 0; n != timeouts_at_once && next_timeout(cpu) <= now; ++n) {
    Thread& t = *cpu.timeouts;
    cancel_timeout(cpu, t);
    expire_timeout(cpu, t);
  }
  if (next_timeout(cpu) <= now) cpu.timeouts_rest = 2 * read_clock() - now;
  Thread& t = *cpu.current;
  if (cpu.quantum_begin != never && quantum_is_spent(cpu, t, now)) return run_first_ready(cpu);
  if (t.runnable() && &t != cpu.idle && now >= cpu.slice_end) {
    if (cpu.ready_top >= t.priority && !delays(cpu, t, cpu.ready_top)) {
      preempt(cpu, t, now);
      return run_first_ready(cpu);
    }
    begin_slice(cpu, t.delay_end > now ? t.delay_end - now : t.slice, now);
  }
  return reschedule(cpu);
}

[[gnu::cold, gnu::noinline]] void set_priority(Cpu& cpu, Thread& t, u8 priority) {
  const bool queued = is_queued(t);
  cpu.stale = true;  // it may be the running thread
  dequeue(cpu, t);
  t.priority = priority;
  update_key(t);
  update_guard(t);
  if (queued) enqueue(cpu, t);
}

[[gnu::cold, gnu::noinline]] void meet(Thread& t) {
  t.waiter = Thread::many;
  t.key &= ~key::unmet;
}

void remove_from_cpu(Cpu& cpu, Thread& t) {
  dequeue(cpu, t);
  if (cpu.fpu_owner == &t) drop_fpu(cpu);
}

}  // namespace mica
