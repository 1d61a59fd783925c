// SPDX-License-Identifier: MIT
// What every program of this tree starts with. A program defines main(); the
// runtime has then set up a stack, the links of the system calls and, for a root
// task, its memory, the serial port and the port that ends the emulator.
//
// A program runs in one of two ways and does not have to care which:
//   as a root task    its pager is sigma0; it prints on the serial port and ends
//                     the machine
//   as a task         its pager started it, prints for it and is told its end
//                     (console_protocol.h)
#pragma once

#include <l4/l4.hpp>

#include "print.h"

// The program. Its result is the program's: 0 is success.
extern "C" int main();

namespace runtime {

// The end of the program: tells whoever started it. For a root task the machine
// stops with debug_exit(0x10) for code 0, else debug_exit(0x11).
[[noreturn]] void exit(int code);

// Prints "name: panic: ..." and ends with failure.
[[noreturn]] void panic(std::string_view what);

// sigma0's thread id, and the number of the first thread that a root task may
// create: those from its own on are its to give.
l4::ThreadId sigma0();
l4::Word first_free_thread_number();

// Is the calling thread paged by sigma0, as those of a root task are?
bool in_root_task();

// The thread that has started this program: the pager of its first thread.
l4::ThreadId starter();

// Has Mica's root server started this program, so that it has what include/mica offers?
bool in_system();

// The next three ask sigma0; what the caller accepts afterwards is what it accepted before.

// Gets the pages of physical memory low .. high - 1 from sigma0, at their own
// addresses. False if one of them was refused.
[[nodiscard]] bool claim_memory(l4::Word low, l4::Word high);

// Gets 2^order bytes of cleared memory from sigma0, at an address where nothing
// else is; 0 if there is none. order 12 .. 30.
[[nodiscard]] l4::Word allocate_memory(unsigned order);

// Gets 2^order I/O ports from sigma0.
[[nodiscard]] bool claim_ports(l4::Word port, unsigned order);

}  // namespace runtime
