// SPDX-License-Identifier: MIT
// The end: a bug of the kernel, or a machine that it cannot run on.
#pragma once

#define PANIC_EXIT_PORT 0xf4
#define PANIC_EXIT_VALUE 0x22  // QEMU's isa-debug-exit then returns 0x45

#ifndef __ASSEMBLER__

#include "../types.h"

namespace mica {

// As the entry code pushes it: the CPU's own frame, the error code (0 where the
// CPU gives none), the vector, then RAX first and R15 last.
struct PanicFrame {
  u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
  u64 vector, error, rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(PanicFrame) == 22 * 8);

// Reports on the serial line and stops the machine.
[[noreturn]] void panic(const char* what);
[[noreturn]] void panic(const char* what, const PanicFrame& frame);

}  // namespace mica

// For entry code: an exception in the kernel.
extern "C" [[noreturn]] void panic_exception(const mica::PanicFrame* frame);

#endif
