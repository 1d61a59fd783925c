// SPDX-License-Identifier: MIT
// ThreadControl (X.2 manual, chapter 2.4). First everything is checked, in the
// order privilege, thread, space, scheduler, UTCB; then nothing can fail but
// for lack of kernel memory, which leaves all as it was.
#include <seam.h>

#include "calls.h"
#include "ending.h"
#include "interrupt.h"
#include "ipc.h"
#include "kip.h"
#include "lifecycle.h"
#include "scheduler.h"
#include "work.h"

namespace mica {

namespace {

// The arguments, in the caller's registers.
class Arguments {
 public:
  explicit Arguments(Thread& caller) : r_(caller.regs) {}
  ThreadId dest() const { return {r_.rdi}; }
  ThreadId pager() const { return {r_.rsi}; }
  ThreadId scheduler() const { return {r_.rdx}; }
  ThreadId space() const { return {r_.r8}; }
  Address utcb() const { return r_.r9; }
  bool sets_utcb() const { return r_.r9 != ~u64{0}; }
  void deliver(u64 second_result) { r_.rdx = second_result; }

  // Local ids among them become the global ones; which one nobody has.
  CallError globalise(const Thread& caller) {
    if (!globalise(caller, r_.r8)) return CallError::invalid_space;
    if (!globalise(caller, r_.rdx)) return CallError::invalid_scheduler;
    if (!globalise(caller, r_.rsi)) return CallError::invalid_thread;
    return CallError::none;
  }

 private:
  [[gnu::noinline]] static bool globalise(const Thread& caller, u64& raw) {
    if ((raw & 0x3f) != 0 || raw == 0) return true;
    const Thread* const t = find_local(*caller.space, ThreadId{raw});
    if (t) raw = t->id.raw;
    return t != nullptr;
  }

  Registers& r_;
};

[[gnu::cold, gnu::noinline]] CallError control_interrupt(Cpu& cpu, Arguments a) {
  const unsigned number = static_cast<unsigned>(a.dest().number());
  Thread* const interrupt = find_thread(a.dest());
  if (!interrupt || !interrupt->is_interrupt()) return CallError::invalid_thread;
  if (a.pager() == a.dest()) {
    attach_interrupt(cpu, *interrupt, nullptr);
    return CallError::none;
  }
  Thread* const handler = find_thread(a.pager());
  if (!handler || handler->is_interrupt() || !handler->active()) return CallError::invalid_thread;
  attach_interrupt(cpu, *interrupt, handler);
  a.deliver(number >= interrupt_lines() ? message_of(number) : 0);
  return CallError::none;
}

inline bool valid_scheduler(Arguments a) {
  return a.scheduler() == a.dest() || find_thread(a.scheduler()) != nullptr;
}

// A thread for a number that nobody has, in a space of its own or another's.
CallError create(const Registers& r, Arguments a) {
  const bool new_space = a.space() == a.dest(), activates = !a.pager().is_nil();
  Space* space = nullptr;
  if (!new_space) {
    const Thread* const peer = find_thread(a.space());
    if (!peer || !peer->space) return CallError::invalid_space;
    space = peer->space;
  }
  if (activates && (new_space || !space->initialised)) return CallError::invalid_space;
  if (a.scheduler().is_nil() ? new_space : !valid_scheduler(a)) return CallError::invalid_scheduler;
  // Without areas any location will do; activation checks it.
  const bool bad_location = activates ? !is_free_utcb(*space, a.utcb())
                                      : !new_space && a.sets_utcb() && space->initialised &&
                                            space->utcb_slot(a.utcb()) >= space->slots.count;
  if (bad_location) return CallError::utcb_area;

  if (activates) return create_active_thread(*space, r);
  if (new_space) space = create_space();
  Thread* const t = space ? create_thread(a.dest(), *space, a.scheduler()) : nullptr;
  if (t) {
    t->utcb_location = a.utcb();
    return CallError::none;
  }
  if (space && new_space) abandon_space(*space);
  return CallError::no_memory;
}

// sigma0's space is the root of all mappings and stays; and nobody changes the page table
// under his own feet.
bool may_leave(const Thread& caller, const Thread& t) {
  return &t != &caller && !(t.space->sigma0 && t.space->thread_count == 1);
}

[[gnu::cold, gnu::noinline]] CallError change(Cpu& cpu, Thread& caller, Thread& t, Arguments a, Budget& budget) {
  const Thread* const peer = a.space() == a.dest() ? &t : find_thread(a.space());
  if (!peer || !peer->space) return CallError::invalid_space;
  Space &from = *t.space, &to = *peer->space;
  const bool moves = &to != &from, was_active = t.active(), activates = !a.pager().is_nil() && !was_active;
  const bool needs_utcb = activates || (moves && was_active);
  const Address old_location = t.utcb_location, location = a.sets_utcb() ? a.utcb() : old_location;
  if (moves && !may_leave(caller, t)) return CallError::invalid_thread;
  if (needs_utcb && !to.initialised) return CallError::invalid_space;
  if (!a.scheduler().is_nil() && !valid_scheduler(a)) return CallError::invalid_scheduler;
  if (needs_utcb ? !is_free_utcb(to, location) : was_active && a.sets_utcb()) return CallError::utcb_area;

  if (moves)
    if (const CallError error = move_thread(cpu, t, to, location, budget); error != CallError::none) return error;
  t.utcb_location = location;
  if (activates) {
    if (const CallError error = activate(t, a.pager(), budget); error != CallError::none) {
      // An inactive thread moves without ado.
      if (moves) (void)move_thread(cpu, t, from, old_location, budget);
      t.utcb_location = old_location;
      return error;
    }
    take_start(cpu, t);
  } else if (!a.pager().is_nil()) {
    t.tcr->pager = a.pager().raw;
  }
  if (!a.scheduler().is_nil()) t.scheduler = a.scheduler();
  Ending& ending = caller.ending;
  if (from.thread_count == 0) ending.space = &from;
  if (t.id != a.dest()) {
    begin_rename(t);
    ending.id = t.id.raw;
    ending.target = &t;
  }
  return CallError::none;
}

CallError remove(Cpu& cpu, Thread& caller, Thread& t) {
  if (!may_leave(caller, t)) return CallError::invalid_thread;
  begin_deletion(cpu, t);
  caller.ending.target = &t;
  return CallError::none;
}

CallError control(Cpu& cpu, Thread& caller, Budget& budget) {
  if (!caller.space->privileged) return CallError::no_privilege;
  Arguments a(caller);
  if (!a.dest().is_global()) return CallError::invalid_space;
  const u64 number = a.dest().number();
  if (number >= max_threads) return CallError::invalid_thread;
  if (const CallError error = a.globalise(caller); error != CallError::none) return error;
  if (number < user_base()) return control_interrupt(cpu, a);
  Thread& t = tcb_array()[number];
  if (a.space().is_nil()) {
    if (t.exists()) return remove(cpu, caller, t);
    // Somebody else may be at it.
    if (t.state == State::dying) caller.ending.target = &t;
    return CallError::none;
  }
  if (t.exists()) return t.vanishing ? CallError::invalid_thread : change(cpu, caller, t, a, budget);
  if (t.state != State::dying) return create(caller.regs, a);
  // First the one that had the number before has to be gone.
  caller.ending.target = &t;
  return not_yet;
}

// What follows a call that has been carried out: is it a new version, or an end?
Thread* go_on_with_ending(Cpu& cpu, Thread& caller, Budget& budget) {
  Ending& e = caller.ending;
  const bool renames = e.target && e.target->vanishing;
  const Progress progress =
      renames ? rename_step(cpu, e, Arguments(caller).dest(), budget) : ending_step(cpu, e, budget);
  if (progress == Progress::more) return put_off(cpu, caller, renames ? Work::rename : Work::thread_control);
  // A space may have been left without threads as well.
  e.target = nullptr;
  if (e.space || e.again) return put_off(cpu, caller, Work::thread_control);
  set_result(caller, CallError::none);
  return go_on(cpu, caller);
}

}  // namespace

Thread* thread_control(Cpu& cpu, Thread& caller) {
  caller.ending = {};
  Budget budget;
  const CallError error = control(cpu, caller, budget);
  Ending& e = caller.ending;
  if (error == not_yet) {
    e.again = true;
    return put_off(cpu, caller, Work::thread_control);
  }
  if (error == CallError::none && (e.target || e.space)) return go_on_with_ending(cpu, caller, budget);
  set_result(caller, error);
  return go_on(cpu, caller);
}

[[gnu::cold]] Thread* continue_thread_control(Cpu& cpu, Thread& caller) {
  Ending& e = caller.ending;
  if (e.again && !e.target && !e.space) return thread_control(cpu, caller);
  Budget budget;
  return go_on_with_ending(cpu, caller, budget);
}

}  // namespace mica
