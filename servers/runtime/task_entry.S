// SPDX-License-Identifier: MIT
// What a new task runs first, on a page that whoever starts it has mapped read-only: it names
// its pager as its exception handler, so that the end of a program that knows nothing
// of exceptions is noticed, and goes to the program. It may lie anywhere.

        .section .rodata, "a"
        .globl  runtime_task_entry, runtime_task_entry_end
        .balign 8
runtime_task_entry:
        movq    %gs:0, %rax             // message register 0 of the own UTCB
        movq    -12*8(%rax), %rcx       // Pager
        movq    %rcx, -11*8(%rax)       // ExceptionHandler
        xorl    %eax, %eax
        xorl    %ecx, %ecx
        jmp     *entry(%rip)
        .balign 8
entry:  .quad   0                       // write_task_entry fills it in
runtime_task_entry_end:

        .section .note.GNU-stack, "", @progbits
