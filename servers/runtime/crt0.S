// SPDX-License-Identifier: MIT
// Where a program starts. A root task has no stack yet (RSP = 0) and only the
// kernel interface page and its UTCB are mapped; everything else, this code too,
// comes by page faults.

        .section .text.start, "ax"
        .globl  _start
_start:
        movq    %rsp, %rdi              // what the starter has to say, see runtime_start
        leaq    initial_stack_top(%rip), %rsp
        xorl    %ebp, %ebp
        cld
        call    runtime_start
        ud2                             // it does not return

        .section .bss
        .balign 16
        .skip   32768
initial_stack_top:

        .section .note.GNU-stack, "", @progbits
