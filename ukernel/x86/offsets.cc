// SPDX-License-Identifier: MIT
// Compiled to assembly only; the build makes offsets.h for the .S files of it.
#include <cstddef>

#include "../cpu.h"
#include "../fault.h"
#include "../kip.h"
#include "../trace.h"
#include "layout.h"

namespace mica {

#define VALUE(name, value) asm volatile(".ascii \"#define " #name " %c0\"" : : "i"(static_cast<i64>(value)))
#define OFFSET(name, type, member) VALUE(name, offsetof(type, member))

[[gnu::used]] void offsets() {
  OFFSET(THREAD_ID, Thread, id);
  OFFSET(THREAD_WAIT, Thread, wait);
  OFFSET(THREAD_CR3, Thread, cr3);
  OFFSET(THREAD_UTCB, Thread, utcb);
  OFFSET(THREAD_RSP, Thread, rsp);
  OFFSET(THREAD_KEY, Thread, key);
  OFFSET(THREAD_SENDERS, Thread, senders);
  OFFSET(THREAD_RFLAGS, Thread, rflags);
  OFFSET(THREAD_LONG_WORDS, Thread, long_words);
  OFFSET(THREAD_TCR, Thread, tcr);
  OFFSET(THREAD_FROM, Thread, from);
  OFFSET(THREAD_STATE, Thread, state);
  OFFSET(THREAD_PROTOCOL, Thread, protocol);
  OFFSET(THREAD_FPU, Thread, fpu);
  OFFSET(THREAD_SPACE, Thread, space);
  OFFSET(THREAD_BY_IRET, Thread, by_iret);
  OFFSET(THREAD_WORK, Thread, work);
  OFFSET(THREAD_PRIORITY, Thread, priority);
  OFFSET(THREAD_MAX_DELAY, Thread, max_delay);
  OFFSET(THREAD_SCHEDULER, Thread, scheduler);
  OFFSET(THREAD_LOCAL_FIRST, Thread, local_first);
  OFFSET(THREAD_LOCAL_COUNT, Thread, local_count);
  OFFSET(THREAD_LOCAL_THREADS, Thread, local_threads);
  OFFSET(RAX, Thread, regs.rax);
  OFFSET(RBX, Thread, regs.rbx);
  OFFSET(RCX, Thread, regs.rcx);
  OFFSET(RDX, Thread, regs.rdx);
  OFFSET(RSI, Thread, regs.rsi);
  OFFSET(RDI, Thread, regs.rdi);
  OFFSET(RBP, Thread, regs.rbp);
  OFFSET(R8, Thread, regs.r8);
  OFFSET(R9, Thread, regs.r9);
  OFFSET(R10, Thread, regs.r10);
  OFFSET(R11, Thread, regs.r11);
  OFFSET(R12, Thread, regs.r12);
  OFFSET(R13, Thread, regs.r13);
  OFFSET(R14, Thread, regs.r14);
  OFFSET(R15, Thread, regs.r15);
  OFFSET(RIP, Thread, regs.rip);
  OFFSET(CPU_CURRENT, Cpu, current);
  OFFSET(CPU_TOP, Cpu, top);
  OFFSET(CPU_READY_TOP, Cpu, ready_top);
  OFFSET(CPU_FPU_OWNER, Cpu, fpu_owner);
  OFFSET(CPU_SCRATCH, Cpu, scratch);
  OFFSET(CPU_IDLE, Cpu, idle);
  OFFSET(SPACE_PRIVILEGED, Space, privileged);
  OFFSET(SPACE_KIP_AREA, Space, kip_area);
  OFFSET(KIP_API_VERSION, Kip, api_version);
  OFFSET(KIP_API_FLAGS, Kip, api_flags);
  OFFSET(KIP_KERNEL_ID, Kip, kernel_id);
  VALUE(RARE_KEY_BITS, key::must_be_zero);
  VALUE(FPU_KEY_BIT, key::fpu_shift);
  VALUE(UTCB_ALIGN_BITS, utcb_align_bits);
  VALUE(VECTOR_INVALID_OPCODE, vector::invalid_opcode);
  VALUE(VECTOR_NO_FPU, vector::no_fpu);
  VALUE(VECTOR_PROTECTION, vector::protection);
  VALUE(VECTOR_PAGE_FAULT, vector::page_fault);
  VALUE(VECTOR_FOREIGN_SYSCALL, vector::foreign_syscall);
  VALUE(EXCHANGE_FS_BASE_BIT, exchange_fs_base_bit);
  VALUE(ENTRY_DEVICE, entry::device);
  VALUE(TRACE_CALL, TraceEvent::call);
  VALUE(STATE_RECEIVING, State::receiving);
  VALUE(PROTOCOL_PAGE_FAULT, Protocol::page_fault);
  VALUE(PROTOCOL_EXCEPTION, Protocol::exception);
  VALUE(INTERRUPT_TAG, MsgTag::make(label_interrupt, 0).raw);
  VALUE(PAGE_FAULT_TAG, MsgTag::make(label_page_fault, 2).raw);
  VALUE(EXCEPTION_TAG, MsgTag::make(label_exception, exception_words).raw);
  static_assert(USER_END == user_end && sizeof(Thread) == 1 << TCB_SIZE_BITS &&
                thread_number_bits == THREAD_NUMBER_BITS);
  OFFSET(UTCB_PAGER, Utcb, pager);
  OFFSET(UTCB_EXCEPTION_HANDLER, Utcb, exception_handler);
  OFFSET(UTCB_USER_DEFINED_HANDLE, Utcb, user_defined_handle);
  // A thread that is in no call, or armed, is one comparison.
  static_assert(offsetof(Thread, by_iret) % 4 == 0 &&
                offsetof(Thread, state) == offsetof(Thread, by_iret) + 1 &&
                offsetof(Thread, protocol) == offsetof(Thread, by_iret) + 2 &&
                offsetof(Thread, stopped) == offsetof(Thread, by_iret) + 3);
  VALUE(PLAINLY_READY, static_cast<u32>(State::ready) << 8);
}

}  // namespace mica
