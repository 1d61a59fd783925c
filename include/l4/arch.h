// SPDX-License-Identifier: MIT
// How the generic interface reaches the kernel on x86-64: the UTCB behind
// %gs:0, the links of the kernel interface page, and the registers of the
// system calls. Programs use the functions of the other headers; this one is for
// those headers and for code that counts instructions.
//
// A system call is `call *link`. RCX, R11 and RBP are lost, and every register
// that is not a result is undefined afterwards; RSP is kept and 8 bytes below it
// are used. A program that is compiled with -fomit-frame-pointer and
// -mno-red-zone (as mica_user_program does) defines L4_PLAIN_CALLS, and a call
// is that one instruction; any other gets RBP saved and the red zone skipped.
#ifndef L4_ARCH_H
#define L4_ARCH_H

#include "types.h"

#if defined(L4_PLAIN_CALLS)
#define L4_BEFORE_CALL ""
#define L4_AFTER_CALL ""
#define L4_CALL_CLOBBERS "rcx", "r11", "rbp", "cc", "memory"
#else
#define L4_BEFORE_CALL "leaq -128(%%rsp), %%rsp; pushq %%rbp; "
#define L4_AFTER_CALL "; popq %%rbp; leaq 128(%%rsp), %%rsp"
#define L4_CALL_CLOBBERS "rcx", "r11", "cc", "memory"
#endif

// The text of one system call; the link is at a constant distance from the code,
// so that it takes no register.
#define L4_CALL(link) \
  L4_BEFORE_CALL "call *l4_links+%c[" #link "](%%rip)" L4_AFTER_CALL
#define L4_LINK(name) [link] "i"(__builtin_offsetof(struct l4_system_calls, name))

// The absolute addresses of the system calls, in the order of the kernel
// interface page, where they stand from offset 0x1a0 on.
struct l4_system_calls {
  L4_Word_t space_control;
  L4_Word_t thread_control;
  L4_Word_t processor_control;
  L4_Word_t memory_control;
  L4_Word_t ipc;
  L4_Word_t lipc;
  L4_Word_t unmap;
  L4_Word_t exchange_registers;
  L4_Word_t system_clock;
  L4_Word_t thread_switch;
  L4_Word_t schedule;
};

// The program's copy, filled by __L4_Init. Weak: each object file brings one and
// the linker keeps one.
#if defined(__cplusplus)
extern "C" {
#endif
extern struct l4_system_calls l4_links;
__attribute__((weak)) struct l4_system_calls l4_links;
#if defined(__cplusplus)
}
#endif

// L4_KernelInterface: where the kernel interface page is in the caller's space
// (manual: 1.2 KernelInterface). Works before __L4_Init and without a UTCB.
//   *api_version  bits 24-31 version (0x84 for X.2), 16-23 subversion
//   *api_flags    bits 0-1 byte order (0 little), bits 2-3 word size (1: 64 bits)
//   *kernel_id    bits 24-31 id, 16-23 subid
// Cannot fail.
L4_INLINE void* L4_KernelInterface(L4_Word_t* api_version, L4_Word_t* api_flags, L4_Word_t* kernel_id) {
  void* kip;
  L4_Word_t version, flags, id;
  __asm__ volatile(".byte 0xf0, 0x90"  // lock nop
                   : "=a"(kip), "=c"(version), "=d"(flags), "=S"(id));
  *api_version = version;
  *api_flags = flags;
  *kernel_id = id;
  return kip;
}

// L4_GetKernelInterface: the same, when only the address is wanted.
L4_INLINE void* L4_GetKernelInterface(void) {
  L4_Word_t version, flags, id;
  return L4_KernelInterface(&version, &flags, &id);
}

// __L4_Init: copies the links of the system calls. Once, before the first system
// call of the program; the runtime of this tree does it before main.
L4_INLINE void __L4_Init(void) {
  const char* kip = L4_POINTER_CAST(const char*, L4_GetKernelInterface());
  const struct l4_system_calls* links = L4_POINTER_CAST(const struct l4_system_calls*, kip + 0x1a0);
  l4_links = *links;
}

// l4_utcb: the calling thread's message register 0. Negative indices are the
// thread control registers (tcr.h).
L4_INLINE L4_Word_t* l4_utcb(void) {
  L4_Word_t* utcb;
  __asm__("movq %%gs:0, %0" : "=r"(utcb));
  return utcb;
}

// The registers of Ipc that carry message registers 0 to 7, in that order.
#define L4_MR_REGISTERS(mr)               \
  register L4_Word_t l4_r9 __asm__("r9") = (mr)[0];   \
  L4_Word_t l4_rax = (mr)[1];             \
  L4_Word_t l4_rbx = (mr)[2];             \
  register L4_Word_t l4_r10 __asm__("r10") = (mr)[3]; \
  register L4_Word_t l4_r12 __asm__("r12") = (mr)[4]; \
  register L4_Word_t l4_r13 __asm__("r13") = (mr)[5]; \
  register L4_Word_t l4_r14 __asm__("r14") = (mr)[6]; \
  register L4_Word_t l4_r15 __asm__("r15") = (mr)[7]
#define L4_MR_OPERANDS                                                                             \
  "+r"(l4_r9), "+a"(l4_rax), "+b"(l4_rbx), "+r"(l4_r10), "+r"(l4_r12), "+r"(l4_r13), "+r"(l4_r14), \
      "+r"(l4_r15)
#define L4_MR_STORE(mr) \
  (mr)[0] = l4_r9;      \
  (mr)[1] = l4_rax;     \
  (mr)[2] = l4_rbx;     \
  (mr)[3] = l4_r10;     \
  (mr)[4] = l4_r12;     \
  (mr)[5] = l4_r13;     \
  (mr)[6] = l4_r14;     \
  (mr)[7] = l4_r15

// l4_ipc_registers, l4_lipc_registers: Ipc and Lipc with message registers 0 to 7
// in mr[0] .. mr[7], which the compiler keeps in the registers where they
// travel when mr is a local array. Message registers 8 and up are in the UTCB.
// Arguments, result (the raw `from`) and errors (tag bit 15) as L4_Ipc in ipc.h.
L4_INLINE L4_Word_t l4_ipc_registers(L4_Word_t to, L4_Word_t from, L4_Word_t timeouts, L4_Word_t* mr) {
  register L4_Word_t l4_r8 __asm__("r8") = timeouts;
  L4_MR_REGISTERS(mr);
  L4_Word_t utcb;
  __asm__ volatile(L4_CALL(link)
                   : "+S"(to), "+d"(from), "=D"(utcb), "+r"(l4_r8), L4_MR_OPERANDS
                   : L4_LINK(ipc)
                   : L4_CALL_CLOBBERS);
  L4_MR_STORE(mr);
  return to;
}

L4_INLINE L4_Word_t l4_lipc_registers(L4_Word_t to, L4_Word_t from, L4_Word_t timeouts, L4_Word_t* mr) {
  register L4_Word_t l4_r8 __asm__("r8") = timeouts;
  L4_MR_REGISTERS(mr);
  L4_Word_t utcb;
  __asm__ volatile(L4_CALL(link)
                   : "+S"(to), "+d"(from), "=D"(utcb), "+r"(l4_r8), L4_MR_OPERANDS
                   : L4_LINK(lipc)
                   : L4_CALL_CLOBBERS);
  L4_MR_STORE(mr);
  return to;
}

// l4_unmap_registers: Unmap with the flexpages 0 to 7 in mr[0] .. mr[7], changed
// as L4_Unmap in space.h says; flexpages 8 and up in the UTCB.
L4_INLINE void l4_unmap_registers(L4_Word_t control, L4_Word_t* mr) {
  L4_Word_t utcb = L4_POINTER_CAST(L4_Word_t, l4_utcb());
  L4_MR_REGISTERS(mr);
  __asm__ volatile(L4_CALL(link)
                   : "+d"(control), "+D"(utcb), L4_MR_OPERANDS
                   : L4_LINK(unmap)
                   : "rsi", "r8", L4_CALL_CLOBBERS);
  L4_MR_STORE(mr);
}

// l4_memory_control_registers: MemoryControl with the flexpages 0 to 7 in mr[0]
// .. mr[7] and the attributes in attributes[0] .. attributes[3]; result as
// L4_MemoryControl in misc.h.
L4_INLINE L4_Word_t l4_memory_control_registers(L4_Word_t control, const L4_Word_t* attributes,
                                                L4_Word_t* mr) {
  L4_Word_t utcb = L4_POINTER_CAST(L4_Word_t, l4_utcb());
  L4_Word_t attribute0 = attributes[0];
  L4_Word_t attribute1 = attributes[1];
  register L4_Word_t attribute2 __asm__("r8") = attributes[2];
  register L4_Word_t attribute3 __asm__("r11") = attributes[3];
  L4_MR_REGISTERS(mr);
  // RCX and R11 are operands here, so they cannot be in the list of lost ones.
  __asm__ volatile("leaq -128(%%rsp), %%rsp; pushq %%rbp; call *l4_links+%c[link](%%rip); popq %%rbp;"
                   "leaq 128(%%rsp), %%rsp"
                   : "+d"(control), "+D"(utcb), "+c"(attribute0), "+S"(attribute1), "+r"(attribute2),
                     "+r"(attribute3), L4_MR_OPERANDS
                   : L4_LINK(memory_control)
                   : "cc", "memory");
  L4_MR_STORE(mr);
  return control;
}

#endif
