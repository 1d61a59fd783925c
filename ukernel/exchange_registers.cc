// SPDX-License-Identifier: MIT
// ExchangeRegisters (X.2 manual, chapter 2.3). Old values are always delivered.
#include <seam.h>

#include "calls.h"
#include "ipc.h"
#include "message_transfer.h"
#include "scheduler.h"

namespace mica {

namespace {

enum Control : u64 {
  halt_value = 1 << 0, abort_receive = 1 << 1, abort_send = 1 << 2, set_sp = 1 << 3, set_ip = 1 << 4,
  set_flags = 1 << 5, set_handle = 1 << 6, set_pager = 1 << 7, apply_halt = 1 << 8,
  set_fs_base = 1 << exchange_fs_base_bit,
};

bool may_exchange(const Thread& caller, const Thread& t) {
  if (!t.tcr) return false;
  if (t.space == caller.space) return true;
  const Thread* const pager = resolve(t, ThreadId{t.tcr->pager});
  return pager && pager->space == caller.space;
}

// Puts the new value into `field` if the control says so; returns the old one.
template <typename T>
u64 swap(bool set, T& field, u64 value) {
  const u64 old = field;
  if (set) field = static_cast<T>(value);
  return old;
}

void exchange(Cpu& cpu, Thread& t, Registers& r, bool local) {
  const u64 control = r.rsi;
  r.rax = local ? t.id.raw : t.utcb;
  // In a transfer a thread may also wait for its pager, which is neither of the two.
  const bool sends = is_in_transfer(t) ? is_sender_in_transfer(t) : t.state == State::sending;
  const bool receives = is_in_transfer(t) ? !sends : t.is_receiving() || t.work == Work::receive;
  r.rsi = u64{t.is_halted()} | u64{receives} << 1 | u64{sends} << 2;
  if (((control & abort_send) != 0 && sends) || ((control & abort_receive) != 0 && receives)) {
    cancel_ipc(cpu, t, IpcError::cancelled);
    if (t.work == Work::receive) abandon_receive(t);
    t.settle_halt();
  }
  const u64 flags = (t.rflags & ~rflags_by_exregs) | (r.r9 & rflags_by_exregs);
  const u64 ip = t.by_iret ? t.regs.rip : stub_return;
  const bool sets_ip = (control & set_ip) != 0;
  if (sets_ip) {
    t.disarm();
    t.by_iret = true;
    t.regs.rip = r.r8;
  }
  r.rdx = swap((control & set_sp) != 0, t.rsp, r.rdx);
  r.r8 = ip;
  r.r9 = swap((control & set_flags) != 0, t.rflags, flags);
  r.r10 = swap((control & set_handle) != 0, t.tcr->user_defined_handle, r.r10);
  r.rdi = swap((control & set_pager) != 0, t.tcr->pager, r.rdi);
  if ((control & set_fs_base) != 0) {
    r.rbx = swap(true, t.fs_base, r.rbx);
    update_key(t);
    cpu.stale = true;
    if (&t == cpu.current) load_fs_base(t.fs_base);
  }
  if ((control & apply_halt) != 0) {
    t.stopped &= stopped_by::spent;
    if ((control & halt_value) != 0) halt(t);
  }
  if (!t.runnable()) dequeue(cpu, t);
  if (&t != cpu.current) enqueue(cpu, t);
}

}  // namespace

Thread* exchange_registers(Cpu& cpu, Thread& caller) {
  const ThreadId dest{caller.regs.rax};
  Thread* const t = named_thread(caller, dest.raw);
  if (!t || !may_exchange(caller, *t))
    set_result(caller, CallError::invalid_thread);
  else if ((caller.regs.rsi & set_fs_base) != 0 && caller.regs.rbx >= user_end)
    set_result(caller, CallError::invalid_parameter);
  else
    exchange(cpu, *t, caller.regs, dest.is_local());
  return reschedule(cpu);
}

}  // namespace mica
