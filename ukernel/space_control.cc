// SPDX-License-Identifier: MIT
// SpaceControl (X.2 manual, chapter 3.1).
#include "calls.h"
#include "lifecycle.h"
#include "scheduler.h"

namespace mica {

namespace {

bool fits_user_area(Fpage area) {
  return !area.is_io() && !area.is_complete() && area.usable() && area.base() + (u64{1} << area.order()) <= user_end;
}

bool overlap(Fpage a, Fpage b) {
  return a.base() < b.base() + (u64{1} << b.order()) && b.base() < a.base() + (u64{1} << a.order());
}

CallError set_redirector(const Thread& caller, Space& space, ThreadId redirector) {
  if (redirector.is_nil()) return CallError::none;
  if (!redirector.is_any() && !redirector.is_any_local()) {
    const Thread* const t = named_thread(caller, redirector.raw);
    if (!t || !t->space) return CallError::invalid_thread;
    redirector = t->id;
  }
  space.redirector = redirector.raw;
  return CallError::none;
}

CallError control(Thread& caller) {
  if (!caller.space->privileged) return CallError::no_privilege;
  Thread* const member = named_thread(caller, caller.regs.rdi);
  if (!member || !member->space) return CallError::invalid_space;
  Space& space = *member->space;
  const Fpage kip_area{caller.regs.rdx}, utcb_area{caller.regs.r8};

  // Areas change only while nobody in the space uses its UTCB.
  if (space.active_count == 0) {
    if (!fits_user_area(utcb_area)) return CallError::utcb_area;
    if (!fits_user_area(kip_area) || overlap(kip_area, utcb_area)) return CallError::kip_area;
    drop_areas(space);
    if (!set_areas(space, kip_area, utcb_area)) return CallError::no_memory;
  }
  return set_redirector(caller, space, ThreadId{caller.regs.r9});
}

}  // namespace

Thread* space_control(Cpu& cpu, Thread& caller) {
  set_result(caller, control(caller));
  caller.regs.rdx = 0;  // no old control bit is ever set
  return reschedule(cpu);
}

}  // namespace mica
