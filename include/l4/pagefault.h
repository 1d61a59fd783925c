// SPDX-License-Identifier: MIT
// The messages that the kernel itself sends (manual: 7.1 thread start, 7.2
// interrupts, 7.3 page faults, 7.4 preemption, 7.5 exceptions): how a pager or a
// handler recognises them. Only words are looked at; whether the sender is who it
// should be is for the receiver to check, since any thread can send such a label.
#ifndef L4_PAGEFAULT_H
#define L4_PAGEFAULT_H

#include "message.h"

// Labels; the low four bits carry detail.
#define L4_InterruptLabel (-1L * 16)
#define L4_PageFaultLabel (-2L * 16)  // | the rights that were missing
#define L4_PreemptionLabel (-3L * 16)
#define L4_ExceptionLabel (-5L * 16)
#define L4_IoFaultLabel (-8L * 16)

// l4_label_is: has the tag that label, whatever its low four bits?
L4_INLINE L4_Bool_t l4_label_is(L4_MsgTag_t t, long label) {
  return (L4_Label(t) & ~0xfUL) == (L4_VALUE_CAST(L4_Word_t, label) & 0xffffffffffffUL);
}

// l4_is_fault: the same, and two untyped words, whatever its flags?
L4_INLINE L4_Bool_t l4_is_fault(L4_MsgTag_t t, long label) {
  return (t.raw & ~0xff000UL) == (L4_VALUE_CAST(L4_Word_t, label) << 16 | 2);
}

// Page fault: words 1 and 2 are the address and the instruction pointer. The answer
// is a map or grant item that covers the address; any answer lets the thread
// try again.
L4_INLINE L4_Bool_t L4_IsPageFault(L4_MsgTag_t t) {
  return l4_is_fault(t, L4_PageFaultLabel);
}
// L4_PageFaultAccess: the right that was missing: L4_Readable, L4_Writable or
// L4_eXecutable.
L4_INLINE L4_Word_t L4_PageFaultAccess(L4_MsgTag_t t) { return L4_Label(t) & 7; }

// I/O fault: word 1 is an I/O flexpage, the first port missing; word 2 the
// instruction pointer. The answer is a map item with an I/O flexpage.
L4_INLINE L4_Bool_t L4_IsIoFault(L4_MsgTag_t t) {
  return l4_is_fault(t, L4_IoFaultLabel);
}

// Exception: the registers are in words 1 to 20, in this order. The answer, in the
// same form, says how the thread goes on; as many registers are reloaded as it has
// words.
L4_INLINE L4_Bool_t L4_IsException(L4_MsgTag_t t) { return l4_label_is(t, L4_ExceptionLabel); }
#define L4_ExcRip 1
#define L4_ExcRbx 2
#define L4_ExcR10 3
#define L4_ExcR12 4
#define L4_ExcR13 5
#define L4_ExcR14 6
#define L4_ExcR15 7
#define L4_ExcRax 8
#define L4_ExcRcx 9
#define L4_ExcRdx 10
#define L4_ExcRsi 11
#define L4_ExcRdi 12
#define L4_ExcRbp 13
#define L4_ExcR8 14
#define L4_ExcR9 15
#define L4_ExcR11 16
#define L4_ExcRsp 17
#define L4_ExcRflags 18
#define L4_ExcNumber 19  // the processor's vector; 256: SYSCALL outside the kernel's stubs
#define L4_ExcErrorCode 20

// Interrupt: no words, the sender is L4_GlobalId(line, 1). Any answer unmasks it.
L4_INLINE L4_Bool_t L4_IsInterrupt(L4_MsgTag_t t) { return l4_label_is(t, L4_InterruptLabel); }

// Preemption: word 1 is the clock.
L4_INLINE L4_Bool_t L4_IsPreemption(L4_MsgTag_t t) { return l4_label_is(t, L4_PreemptionLabel); }

// L4_StartMsg: makes *msg the message that starts an active thread; its pager
// sends it.
L4_INLINE void L4_StartMsg(L4_Msg_t* msg, L4_Word_t ip, L4_Word_t sp) {
  L4_MsgClear(msg);
  L4_MsgAppendWord(msg, ip);
  L4_MsgAppendWord(msg, sp);
}

#endif
