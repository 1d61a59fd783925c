// SPDX-License-Identifier: MIT
// SpaceControl (X.2 manual, chapter 3.1).
#include "calls.h"
#include "lifecycle.h"
#include "scheduler.h"
#include "work.h"

namespace mica {

namespace {

bool fits_user_area(Fpage area) {
  return !area.is_io() && !area.is_complete() && area.usable() &&
         area.base() + (u64{1} << area.order()) <= user_end;
}

bool overlap(Fpage a, Fpage b) {
  return a.base() < b.base() + (u64{1} << b.order()) && b.base() < a.base() + (u64{1} << a.order());
}

// The redirector that an argument names, by its global id; nil: unchanged.
CallError globalise_redirector(const Thread& caller, ThreadId& redirector) {
  if (redirector.is_nil() || redirector.is_any() || redirector.is_any_local()) return CallError::none;
  const Thread* const t = named_thread(caller, redirector.raw);
  if (!t || !t->space) return CallError::invalid_thread;
  redirector = t->id;
  return CallError::none;
}

// Tables first: then nothing can fail once the old areas go.
CallError move_areas(Space& space, Fpage kip_area, Fpage utcb_area, Budget& budget) {
  if (!space.memory.make(kip_area.base() >> page_bits, space.pool)) return CallError::no_memory;
  if (drop_areas(space, budget) == Progress::more) return not_yet;
  switch (set_areas(space, kip_area, utcb_area, budget)) {
    case MapStep::more:
      return not_yet;
    case MapStep::no_memory:
      return CallError::no_memory;
    case MapStep::done:
      break;
  }
  return CallError::none;
}

// Threads of a space with a redirector are none for the fast path. That is so for all of
// them before the redirector holds, and for some still when it no longer does.
void begin_redirector(Space& space, ThreadId redirector) {
  const bool keys_change = space.keys_are_rare() == redirector.is_any();
  space.next_redirector = redirector.raw;
  if (redirector.is_any()) space.redirector = redirector.raw;
  if (keys_change) space.old_keys = space.thread_count;
}

// How far it is stands in the space: whoever comes next goes on with it.
CallError set_redirector(Space& space, Budget& budget) {
  constexpr i64 key_cost = 40;
  for (; space.old_keys != 0; --space.old_keys) {
    if (budget.used_up()) return not_yet;
    budget.spend(key_cost);
    update_key(*space.threads);
    // Those who come are put behind the ones that are done.
    space.threads = space.threads->in_space.next;
  }
  space.redirector = space.next_redirector;
  return CallError::none;
}

CallError control(Thread& caller, Budget& budget) {
  if (!caller.space->privileged) return CallError::no_privilege;
  Thread* const member = named_thread(caller, caller.regs.rdi);
  if (!member || !member->space) return CallError::invalid_space;
  Space& space = *member->space;
  const Fpage kip_area{caller.regs.rdx}, utcb_area{caller.regs.r8};
  ThreadId redirector{caller.regs.r9};
  if (caller.ending.again) return set_redirector(space, budget);

  // Areas change only while nobody in the space uses its UTCB.
  const bool moves_areas = space.active_count == 0;
  if (moves_areas) {
    if (!fits_user_area(utcb_area)) return CallError::utcb_area;
    if (!fits_user_area(kip_area) || overlap(kip_area, utcb_area)) return CallError::kip_area;
  }
  if (const CallError error = globalise_redirector(caller, redirector); error != CallError::none) return error;
  if (moves_areas)
    if (const CallError error = move_areas(space, kip_area, utcb_area, budget); error != CallError::none)
      return error;
  if (redirector.is_nil()) return CallError::none;
  begin_redirector(space, redirector);
  caller.ending.again = true;  // only this is left to do
  return set_redirector(space, budget);
}

}  // namespace

Thread* space_control(Cpu& cpu, Thread& caller) {
  caller.ending = {};
  return continue_space_control(cpu, caller);
}

// Begins again; what has been done already is found done.
Thread* continue_space_control(Cpu& cpu, Thread& caller) {
  cpu.stale = true;  // the caller's own space may have got another redirector
  Budget budget;
  const CallError error = control(caller, budget);
  if (error == not_yet) return put_off(cpu, caller, Work::space_control);
  set_result(caller, error);
  caller.regs.rdx = 0;  // no old control bit is ever set
  return go_on(cpu, caller);
}

}  // namespace mica
