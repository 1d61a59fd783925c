// SPDX-License-Identifier: MIT
#include "fast_path.h"

#include "thread_table.h"

namespace mica::test {

namespace {

// The bits that are in the way of a switch to `partner`; 0: none.
u64 obstacles(const Machine& machine, const Thread& partner) {
  return (partner.key + USER_GS - machine.cpu.top) & key::must_be_zero;
}

// The message is in the registers: the rest of the switch.
void arrive(Machine& machine, const Thread& sender, const Thread& receiver) {
  Registers& r = machine.user.r;
  machine.user.rsp = receiver.rsp;
  machine.user.flags = receiver.rflags;
  r.rsi = receiver.cr3 == sender.cr3 ? sender.utcb : sender.id.raw;
  r.rdi = receiver.utcb;
  r.rdx = r.r8 = r.rbp = 0;
}

}  // namespace

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
  const u64 difference = obstacles(machine, *partner);
  const bool both_have_fpu = (difference & key::fpu << 1) != 0;
  if ((difference & ~(key::fpu << 1)) != 0) return false;
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
  arrive(machine, caller, *partner);
  return true;
}

bool fast_page_fault(Machine& machine, Address address, u64 error) {
  constexpr u64 write = 2, fetch = 0x10;
  Cpu& cpu = machine.cpu;
  Thread& t = *cpu.current;
  if (address >= user_end || (error & fetch) != 0) return false;
  const u64 pager_id = t.tcr->pager;
  Thread* const pager = tcb_array() + (pager_id >> 32 & (max_threads - 1));
  if (pager->id.raw != pager_id || obstacles(machine, *pager) != 0) return false;
  if (pager->wait != ~u64{0} && pager->wait != t.id.raw) return false;
  t.from = pager->id;
  t.state = State::receiving;
  t.protocol = Protocol::page_fault;
  cpu.current = pager;
  pager->wait = 0;
  Registers& r = machine.user.r;
  const u8 missing = (error & write) != 0 ? Rights::w : Rights::r;
  r.r9 = MsgTag::make(label_page_fault | missing, 2).raw;
  r.rax = address;
  r.rbx = t.regs.rip;
  r.r10 = r.r12 = r.r13 = r.r14 = r.r15 = 0;
  arrive(machine, t, *pager);
  return true;
}

}  // namespace mica::test
