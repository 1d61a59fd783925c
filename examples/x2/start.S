// SPDX-License-Identifier: MIT
// A root task starts without a stack; the first thread's is part of the image.

        .globl  _start
_start:
        leaq    stack_top(%rip), %rsp
        call    root_main
0:      jmp     0b

// Where the second thread starts, with a stack of its own and nothing on it.
        .globl  pong_start
pong_start:
        call    pong
0:      jmp     0b

        .bss
        .balign 16
        .skip   16384
stack_top:

        .section .note.GNU-stack, "", @progbits
