// SPDX-License-Identifier: MIT
// Threads that have a number and a space, and nothing else.
#include "assertion.h"
#include "lifecycle.h"
#include "scheduler.h"
#include "thread_ring.h"
#include "thread_table.h"

namespace mica {

namespace {
constinit Ticks default_slice = 0;
}

[[gnu::noinline]] void join_space(Thread& t, Space& space) {
  t.space = &space;
  t.cr3 = virt_to_phys(space.memory.root()).value;
  append<&Thread::in_space>(space.threads, t);
  ++space.thread_count;
}

void init_lifecycle() { default_slice = ticks_from_us(default_slice_us); }

Thread* create_thread(ThreadId id, Space& space, ThreadId scheduler) {
  MICA_ASSERT(id.is_global() && id.number() < max_threads && !tcb_array()[id.number()].exists());
  Thread* const t = make_tcb(id.number());
  if (!t) return nullptr;
  t->id = id;
  t->state = State::inactive;
  t->waiter = 0;
  t->work = Work::none;
  t->scheduler = scheduler;
  t->priority = default_priority;
  t->sensitive_priority = 0;
  t->max_delay = 0;
  t->cpu = 0;
  t->guard = default_priority;
  t->reserved0 = 0;
  t->rflags = user_rflags_always;
  t->slice = t->slice_left = default_slice;
  t->quantum = never;
  t->utcb_location = ~u64{0};
  t->by_iret = true;
  join_space(*t, space);
  t->key = u64{default_priority} << key::priority_shift | key::unmet;
  if (space.keys_are_rare()) update_key(*t);
  return t;
}

[[gnu::noinline]] void leave_space(Thread& t) {
  Space& space = *t.space;
  MICA_ASSERT(space.thread_count != 0);
  take_out<&Thread::in_space>(space.threads, t);
  --space.thread_count;
}

[[gnu::cold, gnu::noinline]] void undo_thread(Thread& t) {
  leave_space(t);
  free_tcb(t);
}

bool delete_inactive_thread(Thread& t) {
  if (t.state != State::inactive || t.senders || t.waiter != 0 || t.space->thread_count == 1) return false;
  leave_space(t);
  free_tcb(t);
  return true;
}

[[gnu::cold, gnu::noinline]] bool delete_waiting_thread(Thread& t) {
  if (t.wait == 0 || t.senders || t.waiter == Thread::many || lone_waiter(t, t.id) || t.fpu ||
      t.interrupts != 0 || t.space->thread_count == 1)
    return false;
  t.wait = 0;
  deactivate(t);
  undo_thread(t);
  return true;
}

}  // namespace mica
