// SPDX-License-Identifier: MIT
// A program that has never heard of L4: its system calls are those of another system.
// SYSCALL with the number in RAX and arguments in RDI, RSI and RDX, or `int $0x80` with the
// number in EAX and arguments in EBX, ECX and EDX; the result is in RAX, and all else is
// kept, but for RCX and R11 with SYSCALL. It begins with a stack and no argument.

#define OLD_WRITE 4
#define WRITE 1
#define EXIT 60
#define SET_THREAD_AREA 158
#define SET_FS 0x1002
#define NO_SUCH_CALL -38

        .macro  expect_kept register, value
        cmpq    $\value, %\register
        jne     failed
        .endm

        .text
        .globl  foreign_program
foreign_program:
        movl    $0x1b1b, %ebx
        movl    $0x0808, %r8d
        movl    $0x0909, %r9d
        movl    $0x1010, %r10d
        movl    $0x1212, %r12d
        movl    $0x1313, %r13d
        movl    $0x1414, %r14d
        movl    $0x1515, %r15d
        movl    $0xb9b9, %ebp

        movl    $999, %eax
        syscall
        cmpq    $NO_SUCH_CALL, %rax
        jne     failed

        movl    $SET_THREAD_AREA, %eax
        movl    $SET_FS, %edi
        leaq    thread_area(%rip), %rsi
        std                             // flags are kept, too
        stc
        syscall
        jnc     failed
        pushfq
        cld
        btl     $10, (%rsp)
        jnc     failed
        addq    $8, %rsp
        testq   %rax, %rax
        jnz     failed
        movq    %fs:0, %rsi             // the greeting
        movq    %fs:8, %rdx             // its length

        movl    $WRITE, %eax
        movl    $1, %edi
        syscall
        cmpq    %fs:8, %rax
        jne     failed
        expect_kept rdi, 1
        expect_kept rbx, 0x1b1b
        expect_kept rbp, 0xb9b9
        expect_kept r8, 0x0808
        expect_kept r9, 0x0909
        expect_kept r10, 0x1010
        expect_kept r12, 0x1212
        expect_kept r13, 0x1313
        expect_kept r14, 0x1414
        expect_kept r15, 0x1515
        cmpq    %fs:0, %rsi
        jne     failed

        movl    $OLD_WRITE, %eax
        movl    $1, %ebx
        movl    $old_greeting, %ecx
        movl    $old_greeting_end - old_greeting, %edx
        int     $0x80
        cmpl    $old_greeting_end - old_greeting, %eax
        jne     failed
        expect_kept rbx, 1
        expect_kept rcx, old_greeting
        expect_kept r15, 0x1515

        movl    $1000, %ebx             // many, one after the other
1:      movl    $999, %eax
        syscall
        cmpq    $NO_SUCH_CALL, %rax
        jne     failed
        decl    %ebx
        jnz     1b

        movl    $EXIT, %eax
        movl    $7, %edi
        syscall
        ud2                             // it does not come back
failed:
        movl    $EXIT, %eax
        movl    $1, %edi
        syscall
        ud2

        .data
        .balign 8
thread_area:
        .quad   greeting, greeting_end - greeting
greeting:
        .ascii  "written by a foreign program\n"
greeting_end:
old_greeting:
        .ascii  "in its old way\n"
old_greeting_end:

        .section .note.GNU-stack, "", @progbits
