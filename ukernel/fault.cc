// SPDX-License-Identifier: MIT
#include "fault.h"

#include <seam.h>

#include "assertion.h"
#include "io_instruction.h"
#include "ipc.h"
#include "kip.h"
#include "scheduler.h"

namespace mica {

namespace {

[[gnu::cold, gnu::noinline]] Thread* send_to_pager(Cpu& cpu, Thread& t, Protocol protocol, i64 label,
                                                   u64 what) {
  t.protocol = protocol;
  t.words[0] = MsgTag::make(label, 2).raw;
  t.words[1] = what;
  t.words[2] = t.regs.rip;
  t.words[3] = 0;
  return send_kernel_message(cpu, t, resolve(t, ThreadId{t.tcr->pager}));
}

[[gnu::cold, gnu::noinline]] Thread* send_exception(Cpu& cpu, Thread& t, u64 number, u64 error) {
  t.protocol = Protocol::exception;
  t.words[0] = MsgTag::make(label_exception, exception_words).raw;
  t.words[2] = number;
  t.words[3] = error;
  return send_kernel_message(cpu, t, resolve(t, ThreadId{t.tcr->exception_handler}));
}

// The first use of the FPU gives the thread a state of its own.
[[gnu::cold, gnu::noinline]] bool give_fpu(Cpu& cpu, Thread& t) {
  if (t.fpu) return false;
  t.fpu = static_cast<FpuState*>(t.space->pool.take_frame());
  if (!t.fpu) return false;
  init_fpu_state(t.fpu);
  update_key(t);
  cpu.stale = true;
  switch_fpu(cpu, t);
  return true;
}

// `lock nop`, the KernelInterface call.
[[gnu::cold, gnu::noinline]] bool kernel_interface(Thread& t) {
  u8 code[2];
  if (fetch(*t.space, t.regs.rip, code) != sizeof code || code[0] != 0xf0 || code[1] != 0x90) return false;
  t.regs.rax = t.space->kip_area.base();
  t.regs.rcx = kip.api_version;
  t.regs.rdx = kip.api_flags;
  t.regs.rsi = kip.kernel_id;
  t.regs.rip += 2;
  return true;
}

// A protection fault may be IN or OUT without the right, or come from where the
// kernel cannot look whether it is. True: it was handled as such, and
// `next` is the thread to resume.
[[gnu::cold, gnu::noinline]] bool port_fault(Cpu& cpu, Thread& t, Thread*& next) {
  u8 code[15];
  const unsigned length = fetch(*t.space, t.regs.rip, code);
  if (length == 0 && t.regs.rip < user_end) {
    next = send_to_pager(cpu, t, Protocol::page_fault, label_page_fault | Rights::x, t.regs.rip);
    return true;
  }
  const std::optional<PortAccess> access = decode_port_access({code, length}, t.regs.rdx);
  if (!access) return false;
  for (u64 port = access->port; port < access->port + access->width; ++port) {
    if (port >= u64{1} << Fpage::port_bits) return false;
    const Slot slot = t.space->ports.find(port);
    if (slot && slot.present()) continue;
    if (t.space->sigma0 && map_identity_port(*t.space, port)) continue;
    next = send_to_pager(cpu, t, Protocol::io_fault, label_io_fault, Fpage::io(port, 0).raw);
    return true;
  }
  if (cpu.io_enabled) return false;  // allowed already: something else is wrong
  load_ports(cpu, *t.space);
  cpu.stale = true;
  next = reschedule(cpu);
  return true;
}

}  // namespace

[[gnu::cold, gnu::noinline]] Thread* page_fault(Cpu& cpu, Thread& t, Address address, u64 error) {
  MICA_ASSERT(&t == cpu.current && t.protocol == Protocol::user);
  constexpr u64 error_write = 1 << 1, error_fetch = 1 << 4;
  if (address >= user_end) return send_exception(cpu, t, vector::page_fault, error);
  if (t.space->sigma0 && t.tcr->pager == 0) {
    if (!map_identity(*t.space, address)) halt(t);
    return reschedule(cpu);
  }
  const u8 missing = error & error_fetch ? Rights::x : error & error_write ? Rights::w : Rights::r;
  return send_to_pager(cpu, t, Protocol::page_fault, label_page_fault | missing, address);
}

[[gnu::cold, gnu::noinline]] Thread* exception(Cpu& cpu, Thread& t, u64 number, u64 error) {
  MICA_ASSERT(t.tcr && t.protocol == Protocol::user);
  Thread* next = nullptr;
  if (number == vector::invalid_opcode && kernel_interface(t)) return reschedule(cpu);
  if (number == vector::no_fpu && give_fpu(cpu, t)) return reschedule(cpu);
  if (number == vector::protection && error == 0 && port_fault(cpu, t, next)) return next;
  return send_exception(cpu, t, number, error);
}

}  // namespace mica
