// SPDX-License-Identifier: MIT
// The registers of the system calls other than Ipc, Unmap and MemoryControl,
// which are in arch.h: raw words in and out. What they mean, and the errors, is
// said at the functions of the manual's names in thread.h, space.h, schedule.h
// and misc.h.
#ifndef L4_SYSCALLS_H
#define L4_SYSCALLS_H

#include "arch.h"

// Everything that ExchangeRegisters takes and gives back.
struct l4_exchange {
  L4_Word_t control, sp, ip, flags, user_handle, pager;
};

// l4_exchange_registers: the result is the id (0: failed), *x has the old values.
L4_INLINE L4_Word_t l4_exchange_registers(L4_Word_t dest, struct l4_exchange* x) {
  register L4_Word_t ip __asm__("r8") = x->ip;
  register L4_Word_t flags __asm__("r9") = x->flags;
  register L4_Word_t user_handle __asm__("r10") = x->user_handle;
  L4_Word_t control = x->control, sp = x->sp, pager = x->pager;
  __asm__ volatile(L4_CALL(link)
                   : "+a"(dest), "+S"(control), "+d"(sp), "+r"(ip), "+r"(flags), "+r"(user_handle),
                     "+D"(pager)
                   : L4_LINK(exchange_registers)
                   : "rbx", "r12", "r13", "r14", "r15", L4_CALL_CLOBBERS);
  x->control = control;
  x->sp = sp;
  x->ip = ip;
  x->flags = flags;
  x->user_handle = user_handle;
  x->pager = pager;
  return dest;
}

// l4_exchange_fs_base: ExchangeRegisters that sets the FS base and nothing else; *base has
// the old one. Needs the feature "fsbase".
L4_INLINE L4_Word_t l4_exchange_fs_base(L4_Word_t dest, L4_Word_t* base) {
  L4_Word_t control = 1UL << 14, rbx = *base;
  __asm__ volatile(L4_CALL(link)
                   : "+a"(dest), "+S"(control), "+b"(rbx)
                   : L4_LINK(exchange_registers)
                   : "rdx", "rdi", "r8", "r9", "r10", "r12", "r13", "r14", "r15", L4_CALL_CLOBBERS);
  *base = rbx;
  return dest;
}

// l4_attach: ThreadControl with its second result, *message, which only interrupts
// have: bits 32-63 where a device writes to raise a message interrupt, bits 0-31 what.
L4_INLINE L4_Word_t l4_attach(L4_Word_t dest, L4_Word_t space, L4_Word_t scheduler, L4_Word_t pager,
                              L4_Word_t utcb_location, L4_Word_t* message) {
  register L4_Word_t r8 __asm__("r8") = space;
  register L4_Word_t r9 __asm__("r9") = utcb_location;
  L4_Word_t result;
  __asm__ volatile(L4_CALL(link)
                   : "=a"(result), "+D"(dest), "+S"(pager), "+d"(scheduler), "+r"(r8), "+r"(r9)
                   : L4_LINK(thread_control)
                   : "rbx", "r10", "r12", "r13", "r14", "r15", L4_CALL_CLOBBERS);
  *message = scheduler;
  return result;
}

L4_INLINE L4_Word_t l4_thread_control(L4_Word_t dest, L4_Word_t space, L4_Word_t scheduler, L4_Word_t pager,
                                      L4_Word_t utcb_location) {
  L4_Word_t message;
  return l4_attach(dest, space, scheduler, pager, utcb_location, &message);
}

L4_INLINE L4_Word_t l4_space_control(L4_Word_t space, L4_Word_t control, L4_Word_t kip_area,
                                     L4_Word_t utcb_area, L4_Word_t redirector, L4_Word_t* old_control) {
  register L4_Word_t r8 __asm__("r8") = utcb_area;
  register L4_Word_t r9 __asm__("r9") = redirector;
  L4_Word_t result;
  __asm__ volatile(L4_CALL(link)
                   : "=a"(result), "+D"(space), "+S"(control), "+d"(kip_area), "+r"(r8), "+r"(r9)
                   : L4_LINK(space_control)
                   : "rbx", "r10", "r12", "r13", "r14", "r15", L4_CALL_CLOBBERS);
  *old_control = kip_area;
  return result;
}

L4_INLINE L4_Word_t l4_schedule(L4_Word_t dest, L4_Word_t priority, L4_Word_t time, L4_Word_t processor,
                                L4_Word_t preemption, L4_Word_t* old_time) {
  register L4_Word_t r8 __asm__("r8") = processor;
  register L4_Word_t r9 __asm__("r9") = preemption;
  L4_Word_t result;
  __asm__ volatile(L4_CALL(link)
                   : "=a"(result), "+D"(dest), "+S"(priority), "+d"(time), "+r"(r8), "+r"(r9)
                   : L4_LINK(schedule)
                   : "rbx", "r10", "r12", "r13", "r14", "r15", L4_CALL_CLOBBERS);
  *old_time = time;
  return result;
}

L4_INLINE void l4_thread_switch(L4_Word_t dest) {
  __asm__ volatile(L4_CALL(link)
                   : "+D"(dest)
                   : L4_LINK(thread_switch)
                   : "rax", "rbx", "rdx", "rsi", "r8", "r9", "r10", "r12", "r13", "r14", "r15",
                     L4_CALL_CLOBBERS);
}

L4_INLINE L4_Word64_t l4_system_clock(void) {
  L4_Word64_t clock;
  __asm__ volatile(L4_CALL(link)
                   : "=a"(clock)
                   : L4_LINK(system_clock)
                   : "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r12", "r13", "r14", "r15",
                     L4_CALL_CLOBBERS);
  return clock;
}

L4_INLINE L4_Word_t l4_processor_control(L4_Word_t processor, L4_Word_t internal_khz, L4_Word_t external_khz,
                                         L4_Word_t millivolts) {
  register L4_Word_t r8 __asm__("r8") = millivolts;
  L4_Word_t result;
  __asm__ volatile(L4_CALL(link)
                   : "=a"(result), "+D"(processor), "+S"(internal_khz), "+d"(external_khz), "+r"(r8)
                   : L4_LINK(processor_control)
                   : "rbx", "r9", "r10", "r12", "r13", "r14", "r15", L4_CALL_CLOBBERS);
  return result;
}

#endif
