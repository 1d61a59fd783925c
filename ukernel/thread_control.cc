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

  // Local ids among them become the global ones; which one nobody has.
  CallError globalise(const Thread& caller) {
    if (!globalise(caller, r_.r8)) return CallError::invalid_space;
    if (!globalise(caller, r_.rdx)) return CallError::invalid_scheduler;
    if (!globalise(caller, r_.rsi)) return CallError::invalid_thread;
    return CallError::none;
  }

 private:
  [[gnu::always_inline]] static bool globalise(const Thread& caller, u64& raw) {
    return (raw & 0x3f) != 0 || raw == 0 || globalise_local(caller, raw);
  }
  [[gnu::cold, gnu::noinline]] static bool globalise_local(const Thread& caller, u64& raw) {
    const Thread* const t = find_local(*caller.space, ThreadId{raw});
    if (t) raw = t->id.raw;
    return t != nullptr;
  }

  Registers& r_;
};

CallError control_interrupt(Cpu& cpu, Arguments a) {
  Thread* const interrupt = find_thread(a.dest());
  if (!interrupt || !interrupt->is_interrupt()) return CallError::invalid_thread;
  if (a.pager() == a.dest()) {
    attach_interrupt(cpu, *interrupt, nullptr);
    return CallError::none;
  }
  Thread* const handler = find_thread(a.pager());
  if (!handler || handler->is_interrupt() || !handler->active()) return CallError::invalid_thread;
  attach_interrupt(cpu, *interrupt, handler);
  return CallError::none;
}

inline bool valid_scheduler(Arguments a) {
  return a.scheduler() == a.dest() || find_thread(a.scheduler()) != nullptr;
}

// A thread for a number that nobody has, in a space of its own or another's.
CallError create(Cpu& cpu, Arguments a) {
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
  if (!new_space && a.sets_utcb() && space->initialised && space->utcb_slot(a.utcb()) >= space->slots.count)
    return CallError::utcb_area;

  if (new_space) space = create_space();
  if (!space) return CallError::no_memory;
  Thread* const t = create_thread(a.dest(), *space, a.scheduler());
  if (!t) {
    if (new_space) abandon_space(*space);
    return CallError::no_memory;
  }
  t->utcb_location = a.utcb();
  if (!activates) return CallError::none;
  const CallError error = activate(cpu, *t, a.pager());
  if (error != CallError::none) delete_thread(cpu, *t);
  return error;
}

CallError change(Cpu& cpu, Thread& t, Arguments a) {
  const Thread* const peer = a.space() == a.dest() ? &t : find_thread(a.space());
  if (!peer || peer->space != t.space) return CallError::invalid_space;
  const bool activates = !a.pager().is_nil() && !t.active();
  if (activates && !t.space->initialised) return CallError::invalid_space;
  if (!a.scheduler().is_nil() && !valid_scheduler(a)) return CallError::invalid_scheduler;
  if (a.sets_utcb() && t.active()) return CallError::utcb_area;

  const Address old_location = t.utcb_location;
  if (a.sets_utcb()) t.utcb_location = a.utcb();
  if (activates) {
    if (const CallError error = activate(cpu, t, a.pager()); error != CallError::none) {
      t.utcb_location = old_location;
      return error;
    }
  } else if (!a.pager().is_nil()) {
    t.tcr->pager = a.pager().raw;
  }
  if (!a.scheduler().is_nil()) t.scheduler = a.scheduler();
  if (t.id != a.dest()) rename_thread(cpu, t, a.dest());
  return CallError::none;
}

CallError remove(Cpu& cpu, const Thread& caller, Thread& t) {
  // sigma0's space is the root of all mappings and stays.
  if (&t == &caller || (t.space->sigma0 && t.space->thread_count == 1)) return CallError::invalid_thread;
  delete_thread(cpu, t);
  return CallError::none;
}

CallError control(Cpu& cpu, Thread& caller) {
  if (!caller.space->privileged) return CallError::no_privilege;
  Arguments a(caller);
  if (!a.dest().is_global()) return CallError::invalid_space;
  const u64 number = a.dest().number();
  if (number >= max_threads) return CallError::invalid_thread;
  if (const CallError error = a.globalise(caller); error != CallError::none) return error;
  if (number < user_base()) return control_interrupt(cpu, a);
  Thread& t = tcb_array()[number];
  if (a.space().is_nil()) return t.exists() ? remove(cpu, caller, t) : CallError::none;
  return t.exists() ? change(cpu, t, a) : create(cpu, a);
}

}  // namespace

bool quick_thread_control(u64 dest, u64 pager, u64 scheduler, u64 space, u64 utcb, const Thread& caller) {
  const u64 number = ThreadId{dest}.number();
  // Among these numbers a local id is the only one that is no global id.
  if (!caller.space->privileged || (dest & 0x3f) == 0 || number < user_base() || number >= max_threads)
    return false;
  Thread& t = tcb_array()[number];
  if (space == 0) return (pager | scheduler) == 0 && delete_inactive_thread(t);
  if (t.exists() || pager != 0 || utcb != ~u64{0} || space == dest) return false;
  const Thread* const peer = find_thread(ThreadId{space});
  if (!peer || !peer->space) return false;
  if (scheduler != 0 && !find_thread(ThreadId{scheduler})) return false;
  return create_thread(ThreadId{dest}, *peer->space, ThreadId{scheduler}) != nullptr;
}

Thread* thread_control(Cpu& cpu, Thread& caller) {
  set_result(caller, control(cpu, caller));
  return go_on(cpu, caller);
}

}  // namespace mica
