// SPDX-License-Identifier: MIT
// Page faults, I/O faults and exceptions, which the kernel turns into messages
// to the thread's pager or exception handler (X.2 manual, chapters 7.1-7.3).
#pragma once

#include "cpu.h"

namespace mica {

namespace vector {
inline constexpr unsigned invalid_opcode = 6, no_fpu = 7, protection = 13, page_fault = 14;
inline constexpr unsigned foreign_syscall = 256;  // a SYSCALL from outside the stubs
}

inline constexpr unsigned exception_words = 20;  // of an exception message

extern "C" {
// The running thread faulted; `address` as CR2 had it, `error` as the CPU pushed it.
Thread* page_fault(Cpu& cpu, Thread& t, Address address, u64 error);
// Any other exception of the running thread.
Thread* exception(Cpu& cpu, Thread& t, u64 number, u64 error);
}

}  // namespace mica
