// SPDX-License-Identifier: MIT
// Where the first stage enters the kernel: 64-bit mode, interrupts off, the low
// 4 GiB mapped one to one besides the image, RDI = the Platform structure.
#include "layout.h"

        .section .init.text, "ax"
        .globl  kernel_entry
kernel_entry:
        cld
        leaq    kernel_stack_top(%rip), %rsp
        xorl    %ebp, %ebp
        call    initialise
        ud2

// An interrupt that nobody asked for, left over from firmware perhaps.
        .text
        .globl  stray_interrupt
stray_interrupt:
        movl    $0, DEVICE_BASE + 0xb0  // the local APIC's end of interrupt
        iretq

        .section .note.GNU-stack, "", @progbits
