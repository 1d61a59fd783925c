// SPDX-License-Identifier: MIT
// Calls with every register given and taken (frame.h).

        .text

        .macro  push_preserved
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .endm

        .macro  pop_preserved
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        .endm

// All registers from the frame at RDI.
        .macro  load_frame
        movq    (%rdi), %rax
        movq    8(%rdi), %rbx
        movq    16(%rdi), %rcx
        movq    24(%rdi), %rdx
        movq    32(%rdi), %rsi
        movq    48(%rdi), %rbp
        movq    56(%rdi), %r8
        movq    64(%rdi), %r9
        movq    72(%rdi), %r10
        movq    80(%rdi), %r11
        movq    88(%rdi), %r12
        movq    96(%rdi), %r13
        movq    104(%rdi), %r14
        movq    112(%rdi), %r15
        movq    40(%rdi), %rdi
        .endm

// All registers to the frame whose address is at 8(%rsp); (%rsp) is free.
        .macro  store_frame
        movq    %rax, (%rsp)
        movq    8(%rsp), %rax
        movq    %rbx, 8(%rax)
        movq    %rcx, 16(%rax)
        movq    %rdx, 24(%rax)
        movq    %rsi, 32(%rax)
        movq    %rdi, 40(%rax)
        movq    %rbp, 48(%rax)
        movq    %r8, 56(%rax)
        movq    %r9, 64(%rax)
        movq    %r10, 72(%rax)
        movq    %r11, 80(%rax)
        movq    %r12, 88(%rax)
        movq    %r13, 96(%rax)
        movq    %r14, 104(%rax)
        movq    %r15, 112(%rax)
        movq    (%rsp), %rcx
        movq    %rcx, (%rax)
        pushfq
        popq    120(%rax)
        .endm

        .globl  guest_call
guest_call:
        push_preserved
        pushq   %rdi
        pushq   %rsi
        load_frame
        call    *(%rsp)
        store_frame
        addq    $16, %rsp
        pop_preserved
        cld
        ret

// guest_NAME(frame): one instruction between the loading and the storing.
        .macro  one_instruction name, instruction:vararg
        .globl  guest_\name, guest_at_\name, guest_after_\name
guest_\name:
        push_preserved
        pushq   %rdi
        pushq   %rsi
        load_frame
guest_at_\name:
        \instruction
guest_after_\name:
        store_frame
        addq    $16, %rsp
        pop_preserved
        cld
        ret
        .endm

        one_instruction kernel_interface, .byte 0xf0, 0x90
        one_instruction ud2, ud2
        one_instruction int3, int3
        one_instruction int_0x40, int $0x40
        one_instruction foreign_syscall, syscall
        one_instruction divide, divl %ecx
        one_instruction load, movq (%rbx), %rax
        one_instruction store, movq %rax, (%rbx)

// Accesses that may fault; the pager then sends the thread to guest_probe_failed.
        .globl  guest_probe_read, guest_probe_write, guest_probe_execute, guest_probe_failed
guest_probe_read:
        movq    (%rdi), %rax
        movl    $1, %eax
        ret
guest_probe_write:
        lock    orq $0, (%rdi)
        movl    $1, %eax
        ret
guest_probe_execute:
        call    *%rdi
        ret
guest_probe_failed:
        xorl    %eax, %eax
        ret

        .globl  guest_hold_registers
guest_hold_registers:
        push_preserved
        pushq   %rsi
        movl    $0x01010101, %eax
        movl    $0x02020202, %ebx
        movl    $0x03030303, %ecx
        movl    $0x04040404, %edx
        movl    $0x05050505, %esi
        movl    $0x06060606, %ebp
        movl    $0x07070707, %r8d
        movl    $0x08080808, %r9d
        movl    $0x09090909, %r10d
        movl    $0x0a0a0a0a, %r11d
        movl    $0x0b0b0b0b, %r12d
        movl    $0x0c0c0c0c, %r13d
        movl    $0x0d0d0d0d, %r14d
        movl    $0x0e0e0e0e, %r15d
1:      incq    (%rdi)
        .macro  check register, value, number
        cmpq    $\value, %\register
        movl    $\number, %eax
        jne     2f
        .endm
        cmpq    $0x01010101, %rax
        jne     3f
        check   rbx, 0x02020202, 2
        check   rcx, 0x03030303, 3
        check   rdx, 0x04040404, 4
        check   rsi, 0x05050505, 5
        check   rbp, 0x06060606, 6
        check   r8, 0x07070707, 7
        check   r9, 0x08080808, 8
        check   r10, 0x09090909, 9
        check   r11, 0x0a0a0a0a, 10
        check   r12, 0x0b0b0b0b, 11
        check   r13, 0x0c0c0c0c, 12
        check   r14, 0x0d0d0d0d, 13
        check   r15, 0x0e0e0e0e, 14
        movl    $0x01010101, %eax
        decq    (%rsp)
        jnz     1b
        xorl    %eax, %eax
        jmp     2f
3:      movl    $1, %eax
2:      addq    $8, %rsp
        pop_preserved
        ret

        .section .note.GNU-stack, "", @progbits
