// SPDX-License-Identifier: MIT
// Thread control registers (manual: 2.2 Virtual Registers): words of the calling
// thread's UTCB. They are read and written without a system call and nothing
// here can fail; writing one that is for reading only has no effect on the
// kernel.
#ifndef L4_TCR_H
#define L4_TCR_H

#include "arch.h"

// Word indices from message register 0 (the layout is x86-64's own).
#define L4_TCR_BR0 (-16)
#define L4_TCR_MY_GLOBAL_ID (-15)
#define L4_TCR_PROCESSOR_NO (-14)
#define L4_TCR_USER_DEFINED_HANDLE (-13)
#define L4_TCR_PAGER (-12)
#define L4_TCR_EXCEPTION_HANDLER (-11)
#define L4_TCR_FLAGS (-10)  // byte 0 preempt flags, byte 1 coprocessor flags
#define L4_TCR_ERROR_CODE (-9)
#define L4_TCR_XFER_TIMEOUTS (-8)
#define L4_TCR_INTENDED_RECEIVER (-7)
#define L4_TCR_ACTUAL_SENDER (-6)
#define L4_TCR_THREAD_WORD1 (-5)
#define L4_TCR_THREAD_WORD0 (-4)

// l4_tcr: the register itself. Volatile, because the kernel reads some of them
// (pager, preempt flags) at moments that the compiler does not know.
L4_INLINE volatile L4_Word_t* l4_tcr(int index) { return l4_utcb() + index; }

// L4_MyLocalId, L4_MyGlobalId: the calling thread's two ids.
L4_INLINE L4_ThreadId_t L4_MyLocalId(void) {
  return L4_LITERAL(L4_ThreadId_t, .raw = L4_POINTER_CAST(L4_Word_t, l4_utcb()));
}
L4_INLINE L4_ThreadId_t L4_MyGlobalId(void) {
  return L4_LITERAL(L4_ThreadId_t, .raw = *l4_tcr(L4_TCR_MY_GLOBAL_ID));
}
// L4_Myself: the id by which anybody knows the caller, that is the global one.
L4_INLINE L4_ThreadId_t L4_Myself(void) { return L4_MyGlobalId(); }

// L4_ProcessorNo: the processor that the thread runs on, 0 .. number - 1.
L4_INLINE int L4_ProcessorNo(void) { return L4_VALUE_CAST(int, *l4_tcr(L4_TCR_PROCESSOR_NO)); }

// L4_UserDefinedHandle, L4_Set_UserDefinedHandle: a word for the program's own use.
L4_INLINE L4_Word_t L4_UserDefinedHandle(void) { return *l4_tcr(L4_TCR_USER_DEFINED_HANDLE); }
L4_INLINE void L4_Set_UserDefinedHandle(L4_Word_t value) { *l4_tcr(L4_TCR_USER_DEFINED_HANDLE) = value; }

// L4_Pager, L4_Set_Pager: who is told of the thread's page faults. Looked at when
// a fault happens; a thread whose pager does not exist is halted by its next fault.
L4_INLINE L4_ThreadId_t L4_Pager(void) { return L4_LITERAL(L4_ThreadId_t, .raw = *l4_tcr(L4_TCR_PAGER)); }
L4_INLINE void L4_Set_Pager(L4_ThreadId_t pager) { *l4_tcr(L4_TCR_PAGER) = pager.raw; }

// L4_ExceptionHandler, L4_Set_ExceptionHandler: who is told of its exceptions
// (manual: 6.1). Without one (L4_nilthread) an exception halts the thread.
L4_INLINE L4_ThreadId_t L4_ExceptionHandler(void) {
  return L4_LITERAL(L4_ThreadId_t, .raw = *l4_tcr(L4_TCR_EXCEPTION_HANDLER));
}
L4_INLINE void L4_Set_ExceptionHandler(L4_ThreadId_t handler) {
  *l4_tcr(L4_TCR_EXCEPTION_HANDLER) = handler.raw;
}

// L4_ErrorCode: why the last system call failed; valid after a failure only.
// After Ipc see ipc.h for its fields, after other calls an L4_Err constant.
L4_INLINE L4_Word_t L4_ErrorCode(void) { return *l4_tcr(L4_TCR_ERROR_CODE); }

// L4_XferTimeouts, L4_Set_XferTimeouts: limits for the page faults during the
// copying of strings, a word as L4_Timeouts() makes it (manual: 5.6 Ipc).
L4_INLINE L4_Word_t L4_XferTimeouts(void) { return *l4_tcr(L4_TCR_XFER_TIMEOUTS); }
L4_INLINE void L4_Set_XferTimeouts(L4_Word_t timeouts) { *l4_tcr(L4_TCR_XFER_TIMEOUTS) = timeouts; }

// L4_IntendedReceiver: for whom a redirected message was meant; valid after a
// receive for which L4_IpcRedirected() holds.
L4_INLINE L4_ThreadId_t L4_IntendedReceiver(void) {
  return L4_LITERAL(L4_ThreadId_t, .raw = *l4_tcr(L4_TCR_INTENDED_RECEIVER));
}

// L4_ActualSender: who really sent a propagated message; valid after a receive
// for which L4_IpcPropagated() holds.
L4_INLINE L4_ThreadId_t L4_ActualSender(void) {
  return L4_LITERAL(L4_ThreadId_t, .raw = *l4_tcr(L4_TCR_ACTUAL_SENDER));
}

// L4_Set_VirtualSender: in whose name the next message is sent whose tag has the
// propagation bit (L4_Set_Propagation). The kernel grants it when the virtual
// sender shares a space with the caller or the caller one with the receiver;
// otherwise the message goes out under the caller's own id.
L4_INLINE void L4_Set_VirtualSender(L4_ThreadId_t t) { *l4_tcr(L4_TCR_ACTUAL_SENDER) = t.raw; }

// L4_WordOfThread, L4_Set_WordOfThread: two words for thread libraries, n = 0 or 1.
L4_INLINE L4_Word_t L4_WordOfThread(L4_Word_t n) {
  return *l4_tcr(n == 0 ? L4_TCR_THREAD_WORD0 : L4_TCR_THREAD_WORD1);
}
L4_INLINE void L4_Set_WordOfThread(L4_Word_t n, L4_Word_t value) {
  *l4_tcr(n == 0 ? L4_TCR_THREAD_WORD0 : L4_TCR_THREAD_WORD1) = value;
}

// L4_Set_CopFlag, L4_Clr_CopFlag: says that coprocessor n (0 .. 7) is, or is not,
// in use and has to be kept across switches (manual: 6.2). Mica always keeps the
// FPU's and SSE's registers and ignores these bits.
L4_INLINE volatile L4_Word8_t* l4_flag_byte(int n) {
  return L4_POINTER_CAST(volatile L4_Word8_t*, l4_utcb() + L4_TCR_FLAGS) + n;
}
L4_INLINE void L4_Set_CopFlag(L4_Word_t n) {
  *l4_flag_byte(1) = L4_VALUE_CAST(L4_Word8_t, *l4_flag_byte(1) | 1UL << n);
}
L4_INLINE void L4_Clr_CopFlag(L4_Word_t n) {
  *l4_flag_byte(1) = L4_VALUE_CAST(L4_Word8_t, *l4_flag_byte(1) & ~(1UL << n));
}

#endif
