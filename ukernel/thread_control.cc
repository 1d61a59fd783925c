// SPDX-License-Identifier: MIT
// ThreadControl (X.2 manual, chapter 2.4). First everything is checked, in the
// order privilege, thread, space, scheduler, UTCB; then nothing can fail but
// for lack of kernel memory, which leaves all as it was.
#include "calls.h"
#include "interrupt.h"
#include "ipc.h"
#include "kip.h"
#include "lifecycle.h"
#include "scheduler.h"

namespace mica {

namespace {

struct Arguments {
  ThreadId dest, pager, scheduler, space;
  Address utcb;

  explicit Arguments(const Thread& caller)
      : dest{caller.regs.rdi}, pager{caller.regs.rsi}, scheduler{caller.regs.rdx}, space{caller.regs.r8},
        utcb{caller.regs.r9} {}
  bool sets_utcb() const { return utcb != ~u64{0}; }
};

// Local ids among the arguments stand for the global ones; false: nobody has it.
inline bool globalise(const Thread& caller, ThreadId& id) {
  if ((id.raw & 0x3f) != 0 || id.is_nil()) return true;
  const Thread* const t = find_local(*caller.space, id);
  if (t) id = t->id;
  return t != nullptr;
}

CallError control_interrupt(Cpu& cpu, Arguments a) {
  Thread* const interrupt = find_thread(a.dest);
  if (!interrupt || !interrupt->is_interrupt()) return CallError::invalid_thread;
  if (a.pager == a.dest) {
    attach_interrupt(cpu, *interrupt, nullptr);
    return CallError::none;
  }
  Thread* const handler = find_thread(a.pager);
  if (!handler || handler->is_interrupt() || !handler->active()) return CallError::invalid_thread;
  attach_interrupt(cpu, *interrupt, handler);
  return CallError::none;
}

bool valid_scheduler(const Arguments& a) {
  return a.scheduler == a.dest || find_thread(a.scheduler) != nullptr;
}

CallError create(Arguments a) {
  const bool new_space = a.space == a.dest;
  const Thread* const peer = new_space ? nullptr : find_thread(a.space);
  if (!new_space && (!peer || !peer->space)) return CallError::invalid_space;
  if (new_space && !a.pager.is_nil()) return CallError::invalid_space;
  if (!new_space && !a.pager.is_nil() && !peer->space->initialised) return CallError::invalid_space;
  if (a.scheduler.is_nil() ? new_space : !valid_scheduler(a)) return CallError::invalid_scheduler;
  // Without areas any location will do; activation checks it.
  if (!new_space && a.sets_utcb() && peer->space->initialised) {
    const u64 offset = a.utcb - peer->space->utcb_area.base();
    if (offset % utcb_size != 0 || offset / utcb_size >= peer->space->slots.count) return CallError::utcb_area;
  }

  Space* const space = new_space ? create_space() : peer->space;
  if (!space) return CallError::no_memory;
  Thread* const t = create_thread(a.dest, *space, a.scheduler);
  if (!t) {
    if (new_space) abandon_space(*space);
    return CallError::no_memory;
  }
  t->utcb_location = a.utcb;
  return CallError::none;
}

CallError change(Cpu& cpu, Thread& t, Arguments a) {
  const Thread* const peer = a.space == a.dest ? &t : find_thread(a.space);
  if (!peer || peer->space != t.space) return CallError::invalid_space;
  const bool activates = !a.pager.is_nil() && !t.active();
  if (activates && !t.space->initialised) return CallError::invalid_space;
  if (!a.scheduler.is_nil() && !valid_scheduler(a)) return CallError::invalid_scheduler;
  if (a.sets_utcb() && t.active()) return CallError::utcb_area;

  const Address old_location = t.utcb_location;
  if (a.sets_utcb()) t.utcb_location = a.utcb;
  if (activates) {
    if (const CallError error = activate(cpu, t, a.pager); error != CallError::none) {
      t.utcb_location = old_location;
      return error;
    }
  } else if (!a.pager.is_nil()) {
    t.tcr->pager = a.pager.raw;
  }
  if (!a.scheduler.is_nil()) t.scheduler = a.scheduler;
  if (t.id != a.dest) rename_thread(cpu, t, a.dest);
  return CallError::none;
}

CallError control(Cpu& cpu, Thread& caller) {
  if (!caller.space->privileged) return CallError::no_privilege;
  Arguments a(caller);
  if (!a.dest.is_global()) return CallError::invalid_space;
  const u64 number = a.dest.number();
  if (number >= max_threads) return CallError::invalid_thread;
  if (!globalise(caller, a.space)) return CallError::invalid_space;
  if (!globalise(caller, a.scheduler)) return CallError::invalid_scheduler;
  if (!globalise(caller, a.pager)) return CallError::invalid_thread;
  if (number < user_base()) return control_interrupt(cpu, a);

  Thread* const t = find_number(number);
  if (a.space.is_nil()) {
    if (!t) return CallError::none;
    // sigma0's space is the root of all mappings and stays.
    if (t == &caller || (t->space->sigma0 && t->space->thread_count == 1)) return CallError::invalid_thread;
    delete_thread(cpu, *t);
    return CallError::none;
  }
  if (t) return change(cpu, *t, a);
  if (a.pager.is_nil() || a.space == a.dest) return create(a);
  if (const CallError error = create(a); error != CallError::none) return error;
  Thread& made = *find_number(number);
  const CallError error = activate(cpu, made, a.pager);
  if (error != CallError::none) delete_thread(cpu, made);
  return error;
}

}  // namespace

Thread* thread_control(Cpu& cpu, Thread& caller) {
  set_result(caller, control(cpu, caller));
  return reschedule(cpu);
}

}  // namespace mica
