// SPDX-License-Identifier: MIT
// System calls with every register under the test's control (frame.S).
#pragma once

#include "tap.h"

namespace guest {

struct Frame {
  Word rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, rbp = 0;
  Word r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
  Word flags = 0;  // out
};

// Loads the registers of the frame, calls `link`, and stores what they are then.
extern "C" void guest_call(Frame& frame, Word link);
// The same, but executes `lock nop`: KernelInterface.
extern "C" void guest_kernel_interface(Frame& frame);

// The same with other instructions: UD2, INT3, INT 0x40, SYSCALL, DIV ECX, a load from
// and a store to (RBX). Where they stand, and where the next one does.
extern "C" void guest_ud2(Frame&);
extern "C" void guest_int3(Frame&);
extern "C" void guest_int_0x40(Frame&);
extern "C" void guest_foreign_syscall(Frame&);
extern "C" void guest_divide(Frame&);
extern "C" void guest_load(Frame&);
extern "C" void guest_store(Frame&);
extern "C" const char guest_at_ud2[], guest_after_int3[], guest_at_int_0x40[], guest_after_foreign_syscall[],
    guest_after_ud2[], guest_at_divide[], guest_at_load[], guest_at_store[];

// 1 if the access works; 0 after a fault whose pager sends the thread to
// guest_probe_failed. To be executed: B8 01 00 00 00 C3.
extern "C" Word guest_probe_read(Word address);
extern "C" Word guest_probe_write(Word address);
extern "C" Word guest_probe_execute(Word address);
extern "C" const char guest_probe_failed[];
inline constexpr Word executable_code = 0xc300000001b8;

// Loads a value of its own into every register but RSP and RDI, counts up in
// *counter for `rounds` rounds and compares all registers after each. 0: all kept
// their values, else the number of the register.
extern "C" Word guest_hold_registers(volatile Word* counter, Word rounds);

inline constexpr Word kernel_half = 0xffff'8000'0000'0000;

// The stubs, whose addresses RCX may hold after a call.
inline bool in_stub_page(Word value) { return (value & ~Word{0xfff}) == (l4_links.ipc & ~Word{0xfff}); }

// Every register below the kernel's half, where no value was passed in.
inline void expect_no_kernel_value(const Frame& f, const char* call, Location at = Location::current()) {
  const Word values[] = {f.rax, f.rbx, f.rcx, f.rdx, f.rsi, f.rdi, f.rbp, f.r8,
                         f.r9,  f.r10, f.r11, f.r12, f.r13, f.r14, f.r15};
  for (unsigned i = 0; i < 15; ++i) {
    if (values[i] < kernel_half || in_stub_page(values[i])) continue;
    fail({at.file_name(), at.line(), values[i], i, true, "a kernel value is visible after", call, 0});
  }
}

// A frame whose registers hold values that are easy to know again.
inline Frame marked_frame() {
  Frame f;
  Word* const words = &f.rax;
  for (unsigned i = 0; i < 15; ++i) words[i] = 0x1111'0000'0000 + 0x101 * i;
  return f;
}

}  // namespace guest
