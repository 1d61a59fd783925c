// SPDX-License-Identifier: MIT
// The functions that the compiler calls by itself.

        .text
        .globl  memcpy, memmove, memset, memcmp

memcpy:                                 // rdi to, rsi from, rdx size
        movq    %rdi, %rax
1:      movq    %rdx, %rcx
        shrq    $3, %rcx
        rep movsq
        movl    %edx, %ecx
        andl    $7, %ecx
        rep movsb
        ret

memmove:
        movq    %rdi, %rax
        movq    %rdi, %rcx
        subq    %rsi, %rcx
        cmpq    %rdx, %rcx
        jae     1b                      // forwards never overwrites what is still to be read
        leaq    -1(%rdi, %rdx), %rdi
        leaq    -1(%rsi, %rdx), %rsi
        movq    %rdx, %rcx
        std
        rep movsb
        cld
        ret

memset:                                 // rdi to, esi value, rdx size
        movq    %rdi, %r8
        movzbl  %sil, %eax
        movabsq $0x0101010101010101, %rcx
        imulq   %rcx, %rax
        movq    %rdx, %rcx
        shrq    $3, %rcx
        rep stosq
        movl    %edx, %ecx
        andl    $7, %ecx
        rep stosb
        movq    %r8, %rax
        ret

memcmp:
        movq    %rdx, %rcx
        xorl    %eax, %eax              // equal, also for size 0
        repe cmpsb
        je      2f
        movzbl  -1(%rdi), %ecx
        movzbl  -1(%rsi), %eax
        subl    %ecx, %eax
2:      ret

        .section .note.GNU-stack, "", @progbits
