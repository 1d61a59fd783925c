// SPDX-License-Identifier: MIT
// Time and processors (manual: chapter 3): the clock, giving the processor up,
// priorities and time slices, and the flags by which a thread asks not to be
// preempted.
#ifndef L4_SCHEDULE_H
#define L4_SCHEDULE_H

#include "syscalls.h"
#include "tcr.h"

// L4_SystemClock: microseconds since before the first thread; never goes back.
// Needs no right, cannot fail (manual: 3.2).
L4_INLINE L4_Clock_t L4_SystemClock(void) { return L4_LITERAL(L4_Clock_t, .raw = l4_system_clock()); }

// L4_TimePoint: the point `at` as a timeout; see L4_TimePointFrom in time.h.
L4_INLINE L4_Time_t L4_TimePoint(L4_Clock_t at) { return L4_TimePointFrom(at, L4_SystemClock()); }

// L4_ThreadSwitch: gives the rest of the caller's time slice to dest if it can run
// and is on the same processor, else to whoever is next. L4_Yield: to whoever is
// next. Needs no right, cannot fail (manual: 3.4).
L4_INLINE void L4_ThreadSwitch(L4_ThreadId_t dest) { l4_thread_switch(dest.raw); }
L4_INLINE void L4_Yield(void) { l4_thread_switch(0); }

// --- Schedule (manual: 3.5) ------------------------------------------------------------

// Results of L4_Schedule: what dest is doing.
#define L4_SCHEDRESULT_ERROR 0
#define L4_SCHEDRESULT_DEAD 1
#define L4_SCHEDRESULT_INACTIVE 2
#define L4_SCHEDRESULT_RUNNING 3
#define L4_SCHEDRESULT_PENDING_SEND 4
#define L4_SCHEDRESULT_SENDING 5
#define L4_SCHEDRESULT_WAITING 6
#define L4_SCHEDRESULT_RECEIVING 7

// L4_Schedule: sets how a thread is scheduled, and asks what it does. An argument
// of all ones leaves that part as it is.
//   dest                a thread, local or global id
//   time_control        bits 16-31 time slice, bits 0-15 total quantum, both as
//                       L4_Time_t periods; L4_Never: no end; 0xffff in either half:
//                       unchanged. A slice is at least 100 us. When the total quantum,
//                       the thread's own processor time, is used up, its scheduler gets
//                       a message with L4_PreemptionLabel (MR1 the clock), and the
//                       thread is stopped until it is given another one by this call
//   processor_control   bits 0-15 the processor to run on
//   prio                0 .. 255, 255 is the highest
//   preemption_control  bits 0-15 the longest delay of a preemption in microseconds,
//                       bits 16-23 the priority up to which preemptions are delayed
//   *old_time_control   what was left of time slice (bits 16-31) and total quantum
// Right: the caller is dest's scheduler, or its space is privileged; a priority or
// sensitive priority above the caller's own needs the latter.
// Result: one of the constants; L4_SCHEDRESULT_ERROR and L4_ErrorCode() is
//   L4_ErrNoPrivilege    not dest's scheduler
//   L4_ErrInvalidThread  no such thread, or an interrupt that is not attached
//   L4_ErrInvalidParam   an argument is out of range, or one of the priorities above
//                        the caller's own, whose space is not privileged
L4_INLINE L4_Word_t L4_Schedule(L4_ThreadId_t dest, L4_Word_t time_control, L4_Word_t processor_control,
                                L4_Word_t prio, L4_Word_t preemption_control, L4_Word_t* old_time_control) {
  return l4_schedule(dest.raw, prio, time_control, processor_control, preemption_control, old_time_control);
}

// Forms of L4_Schedule that change or ask one thing; its right, results and errors
// apply (manual: 3.5, derived functions).
L4_INLINE L4_Word_t L4_Set_Priority(L4_ThreadId_t dest, L4_Word_t prio) {
  L4_Word_t old;
  return L4_Schedule(dest, ~0UL, ~0UL, prio, ~0UL, &old);
}
L4_INLINE L4_Word_t L4_Set_ProcessorNo(L4_ThreadId_t dest, L4_Word_t processor) {
  L4_Word_t old;
  return L4_Schedule(dest, ~0UL, processor, ~0UL, ~0UL, &old);
}
L4_INLINE L4_Word_t L4_Set_Timeslice(L4_ThreadId_t dest, L4_Time_t timeslice, L4_Time_t total_quantum) {
  L4_Word_t old;
  return L4_Schedule(dest, L4_VALUE_CAST(L4_Word_t, timeslice.raw) << 16 | total_quantum.raw, ~0UL, ~0UL,
                     ~0UL, &old);
}
// L4_Timeslice: what is left of both.
L4_INLINE L4_Word_t L4_Timeslice(L4_ThreadId_t dest, L4_Time_t* timeslice, L4_Time_t* total_quantum) {
  L4_Word_t old, result = L4_Schedule(dest, ~0UL, ~0UL, ~0UL, ~0UL, &old);
  timeslice->raw = L4_VALUE_CAST(L4_Word16_t, old >> 16 & 0xffff);
  total_quantum->raw = L4_VALUE_CAST(L4_Word16_t, old & 0xffff);
  return result;
}
// L4_Set_PreemptionDelay: sensitive_prio 0 .. 255, max_delay 0 .. 65535 us.
L4_INLINE L4_Word_t L4_Set_PreemptionDelay(L4_ThreadId_t dest, L4_Word_t sensitive_prio,
                                           L4_Word_t max_delay) {
  L4_Word_t old;
  return L4_Schedule(dest, ~0UL, ~0UL, ~0UL, (sensitive_prio & 0xff) << 16 | (max_delay & 0xffff), &old);
}

// --- Preemption flags (manual: 3.6) ------------------------------------------------------
// Bits of the caller's own UTCB: no system call, no right, no error. The message about
// a preemption has label L4_PreemptionLabel (pagefault.h), MR1 the clock and MR2 0; any
// answer resumes the thread. A handler that cannot be told does no harm.

#define L4_PreemptSignal (1U << 5)   // s: a preemption is told to the exception handler
#define L4_PreemptDelay (1U << 6)    // d: delay preemptions
#define L4_PreemptPending (1U << 7)  // I: one has been delayed; cleared by L4_Yield

// l4_preempt_set, l4_preempt_clear: change one flag; result: was it set before? The
// change is one instruction, since the kernel may set flag I at any moment.
L4_INLINE L4_Bool_t l4_preempt_set(L4_Word8_t flag) {
  L4_Bool_t before = (*l4_flag_byte(0) & flag) != 0;
  __asm__ volatile("orb %1, %0" : "+m"(*l4_flag_byte(0)) : "iq"(flag) : "cc");
  return before;
}
L4_INLINE L4_Bool_t l4_preempt_clear(L4_Word8_t flag) {
  L4_Bool_t before = (*l4_flag_byte(0) & flag) != 0;
  __asm__ volatile("andb %1, %0" : "+m"(*l4_flag_byte(0)) : "iq"(L4_VALUE_CAST(L4_Word8_t, ~flag)) : "cc");
  return before;
}

// L4_EnablePreemptionFaultException, ...Disable...: flag s on, off; result: the flag
// before.
L4_INLINE L4_Bool_t L4_EnablePreemptionFaultException(void) { return l4_preempt_set(L4_PreemptSignal); }
L4_INLINE L4_Bool_t L4_DisablePreemptionFaultException(void) { return l4_preempt_clear(L4_PreemptSignal); }
// L4_DisablePreemption, L4_EnablePreemption: flag d on, off; result: the flag before.
// After enabling, a program that finds L4_PreemptionPending should L4_Yield.
L4_INLINE L4_Bool_t L4_DisablePreemption(void) { return l4_preempt_set(L4_PreemptDelay); }
L4_INLINE L4_Bool_t L4_EnablePreemption(void) { return l4_preempt_clear(L4_PreemptDelay); }
// L4_PreemptionPending: has one been delayed since the last call? Clears the flag.
L4_INLINE L4_Bool_t L4_PreemptionPending(void) { return l4_preempt_clear(L4_PreemptPending); }

#endif
