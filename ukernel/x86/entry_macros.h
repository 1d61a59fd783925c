// SPDX-License-Identifier: MIT
// What the entry code and the fast path share.
#pragma once

#include "layout.h"
#include "offsets.h"

#define CPU(field) boot_cpu + field(%rip)
#define INDEX_MASK (((1 << THREAD_NUMBER_BITS) - 1) << TCB_SIZE_BITS)

// Call of a C++ handler: (Cpu&, Thread& current, ...), RBP = current.
        .macro  handle function
        leaq    kernel_stack_top(%rip), %rsp
        leaq    boot_cpu(%rip), %rdi
        movq    %rbp, %rsi
        call    \function
        .endm

// An exception or interrupt from user mode. On the stack: the vector if the entry
// has pushed one, error code, RIP, CS, RFLAGS, RSP, SS. All goes to the TCB of the
// running thread, RBP; RDX = vector, RCX = error code.
        .macro  save_interrupted with_vector=0
        pushq   %rbp
        movq    CPU(CPU_CURRENT), %rbp
        movq    %rax, RAX(%rbp)
        movq    %rbx, RBX(%rbp)
        movq    %rcx, RCX(%rbp)
        movq    %rdx, RDX(%rbp)
        movq    %rsi, RSI(%rbp)
        movq    %rdi, RDI(%rbp)
        movq    %r8, R8(%rbp)
        movq    %r9, R9(%rbp)
        movq    %r10, R10(%rbp)
        movq    %r11, R11(%rbp)
        movq    %r12, R12(%rbp)
        movq    %r13, R13(%rbp)
        movq    %r14, R14(%rbp)
        movq    %r15, R15(%rbp)
        popq    RBP(%rbp)
        .if     \with_vector
        popq    %rdx
        .endif
        popq    %rcx
        popq    RIP(%rbp)
        popq    %rax                    // CS
        popq    %rax
        movl    %eax, THREAD_RFLAGS(%rbp)
        popq    THREAD_RSP(%rbp)
        movb    $1, THREAD_BY_IRET(%rbp)
        .endm

// RBP = thread. The registers in which calls have their results.
        .macro  load_results
        movq    RAX(%rbp), %rax
        movq    RDX(%rbp), %rdx
        movq    RSI(%rbp), %rsi
        movq    RDI(%rbp), %rdi
        movq    R8(%rbp), %r8
        movq    R9(%rbp), %r9
        movq    R10(%rbp), %r10
        .endm

// RBP = thread to run, whose other registers are set.
        .macro  return_to_stub
        movl    THREAD_RFLAGS(%rbp), %r11d
        movq    THREAD_RSP(%rbp), %rsp
        xorl    %ebp, %ebp
        movq    $STUB_RETURN, %rcx
        sysretq
        .endm

// RBP = thread to run, whose message registers and RSI are set.
        .macro  return_to_partner
        movq    THREAD_UTCB(%rbp), %rdi
        movq    %rdi, utcb_word(%rip)
        xorl    %edx, %edx
        xorl    %r8d, %r8d
        return_to_stub
        .endm
