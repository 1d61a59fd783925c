// SPDX-License-Identifier: MIT
#include "fast_path.h"

#include "fault.h"
#include "io_instruction.h"
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

namespace {

// The running thread waits for the answer of the one with this id, who runs; null: no.
Thread* switch_to_handler(Machine& machine, u64 id, Protocol protocol) {
  Thread& t = machine.current();
  Thread* const handler = tcb_array() + (id >> 32 & (max_threads - 1));
  if (handler->id.raw != id || obstacles(machine, *handler) != 0) return nullptr;
  if (handler->wait != ~u64{0} && handler->wait != t.id.raw) return nullptr;
  t.from = handler->id;
  t.state = State::receiving;
  t.protocol = protocol;
  machine.cpu.current = handler;
  handler->wait = 0;
  return handler;
}

}  // namespace

bool fast_page_fault(Machine& machine, Address address, u64 error) {
  constexpr u64 write = 2, fetch = 0x10;
  Cpu& cpu = machine.cpu;
  Thread& t = *cpu.current;
  if (address >= user_end || (error & fetch) != 0) return false;
  Thread* const pager = switch_to_handler(machine, t.tcr->pager, Protocol::page_fault);
  if (!pager) return false;
  Registers& r = machine.user.r;
  const u8 missing = (error & write) != 0 ? Rights::w : Rights::r;
  r.r9 = MsgTag::make(label_page_fault | missing, 2).raw;
  r.rax = address;
  r.rbx = t.regs.rip;
  r.r10 = r.r12 = r.r13 = r.r14 = r.r15 = 0;
  arrive(machine, t, *pager);
  return true;
}

// Its two bytes are there, in one page of RAM, or there is no telling.
static bool may_be_kernel_interface(const Thread& t) {
  u8 code[2];
  return t.regs.rip % page_size == page_size - 1 || fetch(*t.space, t.regs.rip, code) != sizeof code ||
         (code[0] == 0xf0 && code[1] == 0x90);
}

bool fast_exception(Machine& machine, u64 number, u64 error) {
  Thread& t = machine.current();
  // What may be something else: the first use of the FPU, IN or OUT, KernelInterface.
  if (number == vector::no_fpu || (number == vector::protection && error == 0)) return false;
  if (number == vector::invalid_opcode && may_be_kernel_interface(t)) return false;
  Thread* const handler = switch_to_handler(machine, t.tcr->exception_handler, Protocol::exception);
  if (!handler) return false;
  Registers& r = machine.user.r;
  const Registers from = r;
  u64* const mr = handler->tcr->mr;
  mr[8] = from.rax, mr[9] = from.rcx, mr[10] = from.rdx, mr[11] = from.rsi, mr[12] = from.rdi;
  mr[13] = from.rbp, mr[14] = from.r8, mr[15] = from.r9, mr[16] = from.r11;
  mr[17] = t.rsp, mr[18] = t.rflags, mr[19] = number, mr[20] = error;
  r.r9 = MsgTag::make(label_exception, 20).raw;
  r.rax = t.regs.rip;
  arrive(machine, t, *handler);
  return true;
}

bool fast_exchange(Machine& machine) {
  Registers& r = machine.user.r;
  const Thread& caller = machine.current();
  const Thread& t = tcb_array()[r.rax >> 32 & (max_threads - 1)];
  if (r.rsi != 0 || t.id.raw != r.rax || t.space != caller.space) return false;
  if (t.by_iret || t.state != State::ready || t.protocol != Protocol::user || t.stopped != 0) return false;
  if (t.work != Work::none) return false;
  const bool own = &t == &caller;
  r.rax = t.utcb, r.rsi = t.wait != 0 ? 2 : 0;
  r.rdx = own ? machine.user.rsp : t.rsp, r.r8 = stub_return, r.r9 = own ? machine.user.flags : t.rflags;
  r.r10 = t.tcr->user_defined_handle, r.rdi = t.tcr->pager;
  machine.user.at_ip = false;
  return true;
}

}  // namespace mica::test
