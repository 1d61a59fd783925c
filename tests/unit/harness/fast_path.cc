// SPDX-License-Identifier: MIT
#include "fast_path.h"

#include "thread_table.h"

namespace mica::test {

bool fast_ipc(Machine& machine) {
  Registers& r = machine.user.r;
  Cpu& cpu = machine.cpu;
  if ((r.r9 & 0xffc0) != 0 || (r.r8 & 0xffff) != 0) return false;
  Thread& caller = *cpu.current;
  Thread* partner = tcb_array() + (r.rsi >> 32 & (max_threads - 1));
  u64 awaited = r.rdx;
  if (partner->id.raw != r.rsi) {
    const u64 slot = std::rotr(r.rsi - caller.local_first, 10);
    if (slot >= caller.local_count) return false;
    partner = caller.local_threads[slot];
    if (r.rdx == r.rsi) awaited = partner->id.raw;
  }
  const u64 difference = partner->key + USER_GS - cpu.top;
  const bool both_have_fpu = (difference & key::fpu << 1) != 0;
  if ((difference & ~(key::fpu << 1) & key::must_be_zero) != 0) return false;
  const bool call = r.rdx == r.rsi;
  if (!call && (r.rdx != ~u64{0} || caller.senders)) return false;
  if (partner->wait != ~u64{0} && partner->wait != caller.id.raw) return false;

  caller.rsp = machine.user.rsp;
  caller.rflags = machine.user.flags;
  caller.wait = awaited;
  cpu.current = partner;
  partner->wait = 0;
  for (unsigned i = register_words; i <= bits(r.r9, 0, 6); ++i) partner->tcr->mr[i] = caller.tcr->mr[i];
  if (both_have_fpu) {
    copy_words(caller.fpu, machine.fpu.data(), machine.fpu.size());
    copy_words(machine.fpu.data(), partner->fpu, machine.fpu.size());
    cpu.fpu_owner = partner;
  }
  machine.user.rsp = partner->rsp;
  machine.user.flags = partner->rflags;
  r.rsi = partner->cr3 == caller.cr3 ? caller.utcb : caller.id.raw;
  r.rdi = partner->utcb;
  r.rdx = r.r8 = r.rbp = 0;
  return true;
}

}  // namespace mica::test
