// SPDX-License-Identifier: MIT
// The page of system-call stubs, executable for users in every space. The
// return address stays on the user's stack, so the kernel can return to one
// constant place, the RET of the first stub.
#include "stubs.h"

        .section .stub, "ax"
stub_page_start:

        .macro  fill_to offset
        .fill   stub_page_start + \offset - ., 1, 0xcc  // int3
        .endm

        .macro  stub number
        fill_to (\number * STUB_SPACING)
        syscall
        ret
        .endm

        stub    0       // Ipc, Lipc
        stub    1       // ExchangeRegisters
        stub    2       // ThreadControl
        stub    3       // SystemClock
        stub    4       // ThreadSwitch
        stub    5       // Schedule
        stub    6       // Unmap
        stub    7       // SpaceControl
        stub    8       // ProcessorControl

        fill_to (9 * STUB_SPACING)      // MemoryControl
        movq    %rcx, %rbp
        movq    %r11, -8(%rdi)
        .if     . - stub_page_start - 9 * STUB_SPACING - STUB_MEMORY_CONTROL_MOVES
        .error  "STUB_MEMORY_CONTROL_MOVES is wrong"
        .endif
        syscall
        ret

        .balign 8, 0xcc                 // and so on to the end of the page, paging.cc

        .section .note.GNU-stack, "", @progbits
