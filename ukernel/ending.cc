// SPDX-License-Identifier: MIT
#include "ending.h"

#include "assertion.h"
#include "calls.h"
#include "interrupt.h"
#include "ipc.h"
#include "kip.h"
#include "lifecycle.h"
#include "message_transfer.h"
#include "scheduler.h"
#include "thread_table.h"

namespace mica {

namespace {

constexpr i64 fail_cost = 300, page_cost = 120;

constinit u32 deletions = 0;

Thread* first_sender(const Thread& t) {
  Thread* s = t.senders;
  // Interrupts are sent to the thread, whatever its id.
  while (s && s->is_interrupt()) {
    s = s->queue.next;
    if (s == t.senders) return nullptr;
  }
  return s;
}

void fail_partner(Cpu& cpu, Thread& partner, Budget& budget) {
  budget.spend(fail_cost);
  fail_ipc(cpu, partner, IpcError::no_partner);
  enqueue(cpu, partner);
}

// Fails the IPC of everybody who sends to `t`, or waits for it alone by the id.
Progress fail_partners(Cpu& cpu, Thread& t, ThreadId id, u32& page, Budget& budget) {
  while (Thread* const s = first_sender(t)) {
    if (budget.used_up()) return Progress::more;
    fail_partner(cpu, *s, budget);
  }
  if (t.waiter != Thread::many) {
    if (Thread* const w = lone_waiter(t, id)) fail_partner(cpu, *w, budget);
    return Progress::done;
  }
  if (page == 0) page = static_cast<u32>(user_base() / thread_table::threads_a_page);
  for (; page < thread_table::table.end; ++page) {
    if (budget.used_up()) return Progress::more;
    budget.spend(8);
    if (thread_table::table.live[page] == 0) continue;
    budget.spend(page_cost);
    Thread* const threads = tcb_array() + page * thread_table::threads_a_page;
    for (Thread* other = threads; other != threads + thread_table::threads_a_page; ++other) {
      if (other->wait != id.raw && other->from != id) [[likely]] continue;
      if (other->is_receiving() && other->awaits() == id && other != &t) fail_partner(cpu, *other, budget);
    }
  }
  return Progress::done;
}

// The order is one of the last 2^30.
bool began_before(const Ending& a, const Ending& b) { return ((a.order - b.order) & 1 << 30) != 0; }

// The last of those who have to end before `t` can. Who began to end later than the one
// that has to end it is somebody else, with the same number.
Thread& first_to_end(Thread& t) {
  Thread* first = &t;
  for (Thread* next = t.ending.target;
       next && next->state == State::dying && began_before(next->ending, first->ending);
       next = first->ending.target)
    first = next;
  return *first;
}

[[gnu::cold, gnu::noinline]] Progress end_space(Cpu& cpu, Ending& e, Budget& budget) {
  if (unmake_space(cpu, *e.space, budget) == Progress::more) return Progress::more;
  e.space = nullptr;
  return Progress::done;
}

Progress end_thread(Cpu& cpu, Thread& t, Budget& budget) {
  Ending& e = t.ending;
  // One that it had to unmake itself, or its own.
  if (e.space && end_space(cpu, e, budget) == Progress::more) return Progress::more;
  if (t.space) {
    if (detach_step(cpu, t, budget) == Progress::more) return Progress::more;
    if (fail_partners(cpu, t, ThreadId{e.id}, e.page, budget) == Progress::more) return Progress::more;
    Space& space = *t.space;
    leave_space(t);
    t.space = nullptr;
    if (space.thread_count == 0) {
      e.space = &space;
      if (end_space(cpu, e, budget) == Progress::more) return Progress::more;
    }
  }
  free_tcb(t);
  return Progress::done;
}

}  // namespace

void begin_deletion(Cpu& cpu, Thread& t) {
  MICA_ASSERT(&t != cpu.current && t.exists());
  Ending e{};
  if (t.work == Work::thread_control || t.work == Work::rename) e = t.ending;
  if (t.work == Work::rename) e.target = nullptr;
  e.id = t.id.raw;
  e.page = 0;
  e.order = ++deletions & 0x7fff'ffff;
  if (t.active()) {
    if (is_in_transfer(t)) abort_transfer(cpu, t, IpcError::aborted, IpcError::aborted);
    abandon_work(t);
    remove_from_cpu(cpu, t);
    withdraw(cpu, t);
    deactivate(t);
  }
  t.id = ThreadId::nil();
  t.state = State::dying;
  t.ending = e;
}

Progress deletion_step(Cpu& cpu, Thread& t, Budget& budget) {
  while (t.state == State::dying) {
    Thread& first = first_to_end(t);
    if (end_thread(cpu, first, budget) == Progress::more) return Progress::more;
  }
  return Progress::done;
}

Progress ending_step(Cpu& cpu, Ending& e, Budget& budget) {
  if (e.target && deletion_step(cpu, *e.target, budget) == Progress::more) return Progress::more;
  e.target = nullptr;
  return e.space ? end_space(cpu, e, budget) : Progress::done;
}

[[gnu::cold]] void begin_rename(Thread& t) {
  t.vanishing = true;
  update_key(t);
}

[[gnu::cold]] Progress rename_step(Cpu& cpu, Ending& e, ThreadId id, Budget& budget) {
  Thread& t = *e.target;
  // It was deleted meanwhile, or somebody else was quicker.
  if (t.id.raw != e.id || !t.vanishing) return Progress::done;
  if (fail_partners(cpu, t, ThreadId{e.id}, e.page, budget) == Progress::more) return Progress::more;
  abandon_rename(e);
  cpu.stale = true;  // it may be the running thread itself
  t.id = id;
  if (t.tcr) t.tcr->my_global_id = id.raw;
  return Progress::done;
}

[[gnu::cold]] void abandon_rename(Ending& e) {
  Thread& t = *e.target;
  if (t.id.raw != e.id) return;
  t.vanishing = false;
  update_key(t);
}

void abandon_work(Thread& t) {
  if (t.work == Work::none) return;
  abandon_unmap(t);
  if (t.work == Work::rename) abandon_rename(t.ending);
  t.work = Work::none;
}

}  // namespace mica
