// SPDX-License-Identifier: MIT
// Threads (manual: 2.3 ExchangeRegisters, 2.4 ThreadControl, 7.2 Interrupt
// Protocol): making and deleting them, and changing what one does.
#ifndef L4_THREAD_H
#define L4_THREAD_H

#include "kip.h"
#include "syscalls.h"
#include "tcr.h"

// --- ThreadControl -------------------------------------------------------------------

// L4_ThreadControl: creates, changes or deletes a thread.
//   dest           global id. A number in use means that thread, whatever the
//                  version, and gives it this id
//   space          a thread of the space where dest shall be: an existing dest moves
//                  there, and what it waits for or sends is cancelled; dest itself
//                  for a new space, or to stay; L4_nilthread deletes dest, and its
//                  space with the last thread
//   scheduler      who may call L4_Schedule for dest; L4_nilthread: unchanged
//   pager          L4_nilthread: unchanged, or an inactive thread; an inactive
//                  thread that gets a pager becomes active and waits for a start
//                  message from it (L4_Send of IP and SP as its two words)
//   utcb_location  where its UTCB is, in the space's UTCB area and aligned;
//                  L4_POINTER_CAST(void*, -1): unchanged. Only while inactive, or
//                  when dest moves
// Right: the caller's space is privileged (sigma0's or the root task's).
// Result: 1, or 0 and L4_ErrorCode() is
//   L4_ErrNoPrivilege        the caller's space is not privileged
//   L4_ErrInvalidThread      dest is the caller (when deleting or moving), the last
//                            thread of sigma0's space, a number of the kernel or beyond
//                            the last one, or just getting another version
//   L4_ErrInvalidSpace       no such space, dest is no global id, or a thread shall
//                            be or become active in a space without areas
//   L4_ErrInvalidScheduler   no such thread
//   L4_ErrUtcbArea           utcb_location is outside the area, not aligned, in use,
//                            missing at activation, or given for an active thread
//                            that stays
//   L4_ErrNoMem              no kernel memory; nothing has changed
L4_INLINE L4_Word_t L4_ThreadControl(L4_ThreadId_t dest, L4_ThreadId_t space, L4_ThreadId_t scheduler,
                                     L4_ThreadId_t pager, void* utcb_location) {
  return l4_thread_control(dest.raw, space.raw, scheduler.raw, pager.raw,
                           L4_POINTER_CAST(L4_Word_t, utcb_location));
}

// L4_AssociateInterrupt: the interrupt's messages (label -1 * 16, no words) go to
// the handler from now on. Each one is masked until the handler answers it.
//   interrupt  L4_GlobalId(line, 1)
//   handler    a thread
// L4_DeassociateInterrupt: they go nowhere, and the line stays masked.
// Rights and results as L4_ThreadControl; errors:
//   L4_ErrNoPrivilege    the caller's space is not privileged
//   L4_ErrInvalidThread  no such interrupt, another version than 1, a line that the
//                        kernel uses itself, or the handler is not an active thread
L4_INLINE L4_Word_t L4_AssociateInterrupt(L4_ThreadId_t interrupt, L4_ThreadId_t handler) {
  return l4_thread_control(interrupt.raw, interrupt.raw, 0, handler.raw, ~0UL);
}
L4_INLINE L4_Word_t L4_DeassociateInterrupt(L4_ThreadId_t interrupt) {
  return l4_thread_control(interrupt.raw, interrupt.raw, 0, interrupt.raw, ~0UL);
}

// Message-signalled interrupts, with the feature "msi": the last interrupts below
// L4_ThreadIdSystemBase are raised by what devices write. They are attached and
// detached like lines. Messages that come before the handler has taken the last one
// are part of it; those that come between that and its answer are one further one.
//
// L4_NumMessageInterrupts: how many there are; 0 without the feature.
// L4_MessageInterrupt: number n of them, 0 .. number - 1. Many messages of one device
// need numbers of which the data differ in the low bits alone.
L4_INLINE L4_Word_t L4_NumMessageInterrupts(void) { return L4_HasFeature("msi") ? 24 : 0; }
L4_INLINE L4_ThreadId_t L4_MessageInterrupt(L4_Word_t n) {
  const void* own = L4_POINTER_CAST(const void*, 0);
  return L4_GlobalId(L4_ThreadIdSystemBase(own) - L4_NumMessageInterrupts() + n, 1);
}
// L4_AssociateMessageInterrupt: as L4_AssociateInterrupt, and says what the device has
// to write, both valid while the interrupt is attached to this handler.
//   *address  physical address, for the device's message address; 0 for a line
//   *data     for its message data
// Without success both are undefined.
L4_INLINE L4_Word_t L4_AssociateMessageInterrupt(L4_ThreadId_t interrupt, L4_ThreadId_t handler,
                                                 L4_Word_t* address, L4_Word_t* data) {
  L4_Word_t message;
  L4_Word_t result = l4_attach(interrupt.raw, interrupt.raw, 0, handler.raw, ~0UL, &message);
  *address = message >> 32;
  *data = message & 0xffffffffUL;
  return result;
}

// --- ExchangeRegisters ---------------------------------------------------------------

// Bits of the control word. In: which arguments apply, and what to do.
#define L4_ExRegHalt (1UL << 0)          // value: 1 halt, 0 run; needs L4_ExRegApplyHalt
#define L4_ExRegAbortReceive (1UL << 1)  // R: end a wait for a message
#define L4_ExRegAbortSend (1UL << 2)     // S: end a wait to send
#define L4_ExRegSp (1UL << 3)
#define L4_ExRegIp (1UL << 4)
#define L4_ExRegFlags (1UL << 5)
#define L4_ExRegUserHandle (1UL << 6)
#define L4_ExRegPager (1UL << 7)
#define L4_ExRegApplyHalt (1UL << 8)
// Out: what the thread was doing.
#define L4_ExRegWasHalted (1UL << 0)
#define L4_ExRegWasReceiving (1UL << 1)
#define L4_ExRegWasSending (1UL << 2)

// L4_ExchangeRegisters: reads and changes the registers of an active thread.
//   dest         local or global id
//   control      an or of the constants above; 0 changes nothing
//   sp ip flags  new stack pointer, instruction pointer, RFLAGS (of which the
//                arithmetic flags count)
//   user_handle  new user-defined handle
//   pager        new pager
//   *old_...     what they were before
// An aborted wait ends with Ipc error 3, an aborted transfer with 7. A halted
// thread first completes a system call that it is in.
// Right: dest is in the caller's space, or its pager is.
// Result: dest's global id if dest was a local id, else its local id;
// L4_nilthread and L4_ErrorCode() == L4_ErrInvalidThread when dest does not exist,
// is inactive or is none of the caller's business.
L4_INLINE L4_ThreadId_t L4_ExchangeRegisters(L4_ThreadId_t dest, L4_Word_t control, L4_Word_t sp,
                                             L4_Word_t ip, L4_Word_t flags, L4_Word_t user_handle,
                                             L4_ThreadId_t pager, L4_Word_t* old_control, L4_Word_t* old_sp,
                                             L4_Word_t* old_ip, L4_Word_t* old_flags,
                                             L4_Word_t* old_user_handle, L4_ThreadId_t* old_pager) {
  struct l4_exchange x = {control, sp, ip, flags, user_handle, pager.raw};
  L4_ThreadId_t result;
  result.raw = l4_exchange_registers(dest.raw, &x);
  *old_control = x.control;
  *old_sp = x.sp;
  *old_ip = x.ip;
  *old_flags = x.flags;
  *old_user_handle = x.user_handle;
  old_pager->raw = x.pager;
  return result;
}

// l4_exchange_some: ExchangeRegisters with what the control word names; *x has
// the old values afterwards.
L4_INLINE L4_ThreadId_t l4_exchange_some(L4_ThreadId_t dest, struct l4_exchange* x) {
  L4_ThreadId_t result;
  result.raw = l4_exchange_registers(dest.raw, x);
  return result;
}

// All functions below are forms of ExchangeRegisters: its rights and errors apply
// (manual: 2.3, derived functions).

// L4_GlobalIdOf, L4_LocalIdOf: the other form of an id of the caller's space; an id
// that has that form already comes back as it is. L4_nilthread: see above.
L4_INLINE L4_ThreadId_t l4_other_id(L4_ThreadId_t t) {
  struct l4_exchange x = {0, 0, 0, 0, 0, 0};
  return l4_exchange_some(t, &x);
}
L4_INLINE L4_ThreadId_t L4_GlobalIdOf(L4_ThreadId_t t) {
  return L4_IsLocalId(t) && !L4_IsNilThread(t) ? l4_other_id(t) : t;
}
L4_INLINE L4_ThreadId_t L4_LocalIdOf(L4_ThreadId_t t) { return L4_IsGlobalId(t) ? l4_other_id(t) : t; }
// L4_SameThreads: do two ids, of whatever form, name one thread?
L4_INLINE L4_Bool_t L4_SameThreads(L4_ThreadId_t l, L4_ThreadId_t r) {
  return L4_GlobalIdOf(l).raw == L4_GlobalIdOf(r).raw;
}

// L4_UserDefinedHandleOf, L4_PagerOf: these registers of t (0 after an error).
// The L4_Set_ forms replace them; without a result, look at L4_ErrorCode().
L4_INLINE L4_Word_t L4_UserDefinedHandleOf(L4_ThreadId_t t) {
  struct l4_exchange x = {0, 0, 0, 0, 0, 0};
  return L4_IsNilThread(l4_exchange_some(t, &x)) ? 0 : x.user_handle;
}
L4_INLINE void L4_Set_UserDefinedHandleOf(L4_ThreadId_t t, L4_Word_t handle) {
  struct l4_exchange x = {L4_ExRegUserHandle, 0, 0, 0, handle, 0};
  l4_exchange_some(t, &x);
}
L4_INLINE L4_ThreadId_t L4_PagerOf(L4_ThreadId_t t) {
  struct l4_exchange x = {0, 0, 0, 0, 0, 0};
  L4_ThreadId_t result;
  result.raw = L4_IsNilThread(l4_exchange_some(t, &x)) ? 0 : x.pager;
  return result;
}
L4_INLINE void L4_Set_PagerOf(L4_ThreadId_t t, L4_ThreadId_t pager) {
  struct l4_exchange x = {L4_ExRegPager, 0, 0, 0, 0, pager.raw};
  l4_exchange_some(t, &x);
}

// L4_Set_FsBaseOf: what FS addresses of t count from, as thread-local storage does; 0 at
// first. Only with the feature "fsbase".
//   base  an address of the user area, or 0
//   *old  what it was before
// Right: as ExchangeRegisters. The base lasts until t itself loads a selector into FS.
// A thread with a base other than 0 has slower Ipc.
// Result: 1, or 0 and L4_ErrorCode() is
//   L4_ErrInvalidThread  as for ExchangeRegisters
//   L4_ErrInvalidParam   base is beyond the user area; nothing has changed
L4_INLINE L4_Word_t L4_Set_FsBaseOf(L4_ThreadId_t t, L4_Word_t base, L4_Word_t* old) {
  *old = base;
  return l4_exchange_fs_base(t.raw, old) != 0;
}

// L4_Start: lets t run; a wait for a message or for a receiver ends with error 3.
// With SpIp(Flags) it goes on at ip, with stack pointer sp (and these flags).
L4_INLINE void L4_Start(L4_ThreadId_t t) {
  struct l4_exchange x = {L4_ExRegApplyHalt | L4_ExRegAbortReceive | L4_ExRegAbortSend, 0, 0, 0, 0, 0};
  l4_exchange_some(t, &x);
}
L4_INLINE void L4_Start_SpIp(L4_ThreadId_t t, L4_Word_t sp, L4_Word_t ip) {
  struct l4_exchange x = {
      L4_ExRegApplyHalt | L4_ExRegAbortReceive | L4_ExRegAbortSend | L4_ExRegSp | L4_ExRegIp,
      sp,
      ip,
      0,
      0,
      0};
  l4_exchange_some(t, &x);
}
L4_INLINE void L4_Start_SpIpFlags(L4_ThreadId_t t, L4_Word_t sp, L4_Word_t ip, L4_Word_t flags) {
  struct l4_exchange x = {
      L4_ExRegApplyHalt | L4_ExRegAbortReceive | L4_ExRegAbortSend | L4_ExRegSp | L4_ExRegIp | L4_ExRegFlags,
      sp, ip, flags, 0, 0};
  l4_exchange_some(t, &x);
}

// What a thread was doing when it was stopped.
typedef struct {
  L4_Word_t raw;
} L4_ThreadState_t;

// L4_ThreadWas...: was it halted already, waiting to receive, waiting to send,
// either of the two?
L4_INLINE L4_Bool_t L4_ThreadWasHalted(L4_ThreadState_t s) { return (s.raw & L4_ExRegWasHalted) != 0; }
L4_INLINE L4_Bool_t L4_ThreadWasReceiving(L4_ThreadState_t s) { return (s.raw & L4_ExRegWasReceiving) != 0; }
L4_INLINE L4_Bool_t L4_ThreadWasSending(L4_ThreadState_t s) { return (s.raw & L4_ExRegWasSending) != 0; }
L4_INLINE L4_Bool_t L4_ThreadWasIpcing(L4_ThreadState_t s) {
  return (s.raw & (L4_ExRegWasReceiving | L4_ExRegWasSending)) != 0;
}

// l4_stop: halts t; `abort` has the bits of the waits to end.
L4_INLINE L4_ThreadState_t l4_stop(L4_ThreadId_t t, L4_Word_t abort, L4_Word_t* sp, L4_Word_t* ip,
                                   L4_Word_t* flags) {
  struct l4_exchange x = {L4_ExRegApplyHalt | L4_ExRegHalt | abort, 0, 0, 0, 0, 0};
  L4_ThreadState_t state;
  l4_exchange_some(t, &x);
  *sp = x.sp;
  *ip = x.ip;
  *flags = x.flags;
  state.raw = x.control;
  return state;
}

// L4_Stop: halts t. The Abort forms end its wait to receive, to send, or both,
// first. The SpIpFlags forms also deliver where it was.
#define L4_STOP_FORMS(name, abort)                                                                     \
  L4_INLINE L4_ThreadState_t name##_SpIpFlags(L4_ThreadId_t t, L4_Word_t* sp, L4_Word_t* ip,           \
                                              L4_Word_t* flags) {                                      \
    return l4_stop(t, abort, sp, ip, flags);                                                           \
  }                                                                                                    \
  L4_INLINE L4_ThreadState_t name(L4_ThreadId_t t) {                                                   \
    L4_Word_t sp, ip, flags;                                                                           \
    return l4_stop(t, abort, &sp, &ip, &flags);                                                        \
  }
L4_STOP_FORMS(L4_Stop, 0)
L4_STOP_FORMS(L4_AbortReceive_and_stop, L4_ExRegAbortReceive)
L4_STOP_FORMS(L4_AbortSend_and_stop, L4_ExRegAbortSend)
L4_STOP_FORMS(L4_AbortIpc_and_stop, L4_ExRegAbortReceive | L4_ExRegAbortSend)

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE void L4_Start(L4_ThreadId_t t, L4_Word_t sp, L4_Word_t ip) { L4_Start_SpIp(t, sp, ip); }
L4_INLINE void L4_Start(L4_ThreadId_t t, L4_Word_t sp, L4_Word_t ip, L4_Word_t flags) {
  L4_Start_SpIpFlags(t, sp, ip, flags);
}
L4_INLINE L4_ThreadState_t L4_Stop(L4_ThreadId_t t, L4_Word_t* sp, L4_Word_t* ip, L4_Word_t* flags) {
  return L4_Stop_SpIpFlags(t, sp, ip, flags);
}
#endif

#endif
