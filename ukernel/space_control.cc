// SPDX-License-Identifier: MIT
// SpaceControl (X.2 manual, chapter 3.1).
#include "calls.h"
#include "lifecycle.h"
#include "scheduler.h"

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

// Out of memory leaves the areas where they were: their tables are still there.
CallError move_areas(Space& space, Fpage kip_area, Fpage utcb_area) {
  const bool had_areas = space.initialised;
  const Fpage old_kip_area = space.kip_area, old_utcb_area = space.utcb_area;
  drop_areas(space);
  if (set_areas(space, kip_area, utcb_area)) return CallError::none;
  if (had_areas) (void)set_areas(space, old_kip_area, old_utcb_area);
  return CallError::no_memory;
}

// Threads of a space with a redirector are none for the fast path.
void set_redirector(Space& space, ThreadId redirector) {
  space.redirector = redirector.raw;
  Thread* t = space.threads;
  do {
    update_key(*t);
    t = t->in_space.next;
  } while (t != space.threads);
}

CallError control(Thread& caller) {
  if (!caller.space->privileged) return CallError::no_privilege;
  Thread* const member = named_thread(caller, caller.regs.rdi);
  if (!member || !member->space) return CallError::invalid_space;
  Space& space = *member->space;
  const Fpage kip_area{caller.regs.rdx}, utcb_area{caller.regs.r8};
  ThreadId redirector{caller.regs.r9};

  // Areas change only while nobody in the space uses its UTCB.
  const bool moves_areas = space.active_count == 0;
  if (moves_areas) {
    if (!fits_user_area(utcb_area)) return CallError::utcb_area;
    if (!fits_user_area(kip_area) || overlap(kip_area, utcb_area)) return CallError::kip_area;
  }
  if (const CallError error = globalise_redirector(caller, redirector); error != CallError::none) return error;
  if (moves_areas)
    if (const CallError error = move_areas(space, kip_area, utcb_area); error != CallError::none) return error;
  if (!redirector.is_nil()) set_redirector(space, redirector);
  return CallError::none;
}

}  // namespace

Thread* space_control(Cpu& cpu, Thread& caller) {
  cpu.stale = true;  // the caller's own space may have got another redirector
  set_result(caller, control(caller));
  caller.regs.rdx = 0;  // no old control bit is ever set
  return go_on(cpu, caller);
}

}  // namespace mica
