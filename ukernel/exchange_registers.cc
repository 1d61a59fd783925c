// SPDX-License-Identifier: MIT
// ExchangeRegisters (X.2 manual, chapter 2.3). Old values are always delivered.
#include <seam.h>

#include "calls.h"
#include "ipc.h"
#include "message.h"
#include "scheduler.h"

namespace mica {

namespace {

enum Control : u64 {
  halt_value = 1 << 0, abort_receive = 1 << 1, abort_send = 1 << 2, set_sp = 1 << 3, set_ip = 1 << 4,
  set_flags = 1 << 5, set_handle = 1 << 6, set_pager = 1 << 7, apply_halt = 1 << 8,
};

bool may_exchange(const Thread& caller, const Thread& t) {
  if (!t.tcr) return false;
  if (t.space == caller.space) return true;
  const Thread* const pager = resolve(t, ThreadId{t.tcr->pager});
  return pager && pager->space == caller.space;
}

void exchange(Cpu& cpu, Thread& t, Registers& r, bool local) {
  const u64 control = r.rsi;
  Registers old = r;
  old.rax = local ? t.id.raw : t.utcb;
  old.rdx = t.rsp;
  old.rsi = u64{t.halted} | u64{t.is_receiving()} << 1 | u64{t.state == State::sending} << 2;
  old.rdi = t.tcr->pager;
  old.r8 = t.by_iret ? t.regs.rip : stub_return;
  old.r9 = t.rflags;
  old.r10 = t.tcr->user_defined_handle;
  if (((control & abort_send) && t.state == State::sending) || ((control & abort_receive) && t.is_receiving()))
    cancel_ipc(cpu, t);
  if ((control & abort_receive) && t.pending_receive) {
    t.pending_receive = false;
    set_ipc_error(t, Phase::receive, {IpcError::cancelled});
  }
  if (control & set_sp) t.rsp = r.rdx;
  if (control & set_ip) {
    t.disarm();
    t.by_iret = true;
    t.regs.rip = r.r8;
  }
  if (control & set_flags)
    t.rflags = static_cast<u32>((t.rflags & ~rflags_by_exregs) | (r.r9 & rflags_by_exregs));
  if (control & set_handle) t.tcr->user_defined_handle = r.r10;
  if (control & set_pager) t.tcr->pager = r.rdi;
  if (control & apply_halt) {
    if (control & halt_value) {
      dequeue(cpu, t);
      halt(t);
    } else {
      t.halted = false;
    }
  }
  if (&t != cpu.current) enqueue(cpu, t);
  old.rip = r.rip;  // t may be the caller
  r = old;
}

}  // namespace

Thread* exchange_registers(Cpu& cpu, Thread& caller) {
  const ThreadId dest{caller.regs.rax};
  Thread* const t = named_thread(caller, dest.raw);
  if (t && may_exchange(caller, *t)) {
    exchange(cpu, *t, caller.regs, dest.is_local());
  } else {
    caller.regs.rax = 0;
    caller.tcr->error_code = static_cast<u64>(CallError::invalid_thread);
  }
  return reschedule(cpu);
}

}  // namespace mica
