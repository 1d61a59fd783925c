// SPDX-License-Identifier: MIT
// Every way out of the kernel: to a thread that is in a call, by SYSRET, to one that
// was stopped anywhere else, by IRET with all its registers, or to nobody.
#include "descriptors.h"
#include "entry_macros.h"

#define IA32_GS_BASE 0xc0000101

        .section .text.entry, "ax"

        .globl  leave_kernel            // leave_kernel(Thread*)
leave_kernel:
        movq    %rdi, %rax
        .globl  leave                   // the same with the thread in RAX
leave:
        movq    %rax, %rbp
        cmpq    CPU(CPU_IDLE), %rbp
        je      idle
        movq    THREAD_CR3(%rbp), %rcx
        movq    %cr3, %rdx
        cmpq    %rcx, %rdx
        je      1f
        movq    %rcx, %cr3
1:      movq    THREAD_UTCB(%rbp), %rdi
        movq    %rdi, utcb_word(%rip)
        movl    %gs, %ecx
        cmpl    $USER_GS, %ecx
        je      2f
        call    repair_gs
2:      cmpb    $0, THREAD_BY_IRET(%rbp)
        jne     leave_by_iret
        load_results
        movq    RBX(%rbp), %rbx
        movq    R12(%rbp), %r12
        movq    R13(%rbp), %r13
        movq    R14(%rbp), %r14
        movq    R15(%rbp), %r15
        return_to_stub

leave_by_iret:
        movq    RIP(%rbp), %rcx         // canonical, or the thread gets its exception
        movq    %rcx, %rdx
        sarq    $47, %rdx
        incq    %rdx
        cmpq    $1, %rdx
        ja      bad_instruction_pointer
        leaq    kernel_stack_top(%rip), %rsp
        pushq   $USER_SS
        pushq   THREAD_RSP(%rbp)
        movl    THREAD_RFLAGS(%rbp), %eax
        pushq   %rax
        pushq   $USER_CS
        pushq   %rcx
        movb    $0, THREAD_BY_IRET(%rbp)
        load_results
        movq    RBX(%rbp), %rbx
        movq    RCX(%rbp), %rcx
        movq    R11(%rbp), %r11
        movq    R12(%rbp), %r12
        movq    R13(%rbp), %r13
        movq    R14(%rbp), %r14
        movq    R15(%rbp), %r15
        movq    RBP(%rbp), %rbp
        iretq

bad_instruction_pointer:
        movl    $VECTOR_PROTECTION, %edx
        xorl    %eax, %eax
        jmp     slow_exception

// The user has loaded GS, which also changed its base. The descriptor is there
// for this moment only. Changes RAX, RCX, RDX.
        .globl  repair_gs
repair_gs:
        movb    $GDT_USER_GS_PRESENT, gdt_user_gs_access(%rip)
        movl    $USER_GS, %ecx
        movl    %ecx, %gs
        movb    $GDT_USER_GS_ABSENT, gdt_user_gs_access(%rip)
        movl    $IA32_GS_BASE, %ecx
        movl    $(UTCB_WORD_BASE & 0xffffffff), %eax
        movl    $(UTCB_WORD_BASE >> 32), %edx
        wrmsr
        ret

// The kernel lets interrupts in here and nowhere else: between two steps of the
// running thread's work, or while there is nothing to do. RBP = the idle thread.
idle:
        leaq    kernel_stack_top(%rip), %rsp
        cmpq    CPU(CPU_CURRENT), %rbp
        je      1f
        movq    CPU(CPU_CURRENT), %rbp
        sti
        nop
        .globl  work_window
work_window:
        cli
        handle  continue_work
        jmp     leave
1:      movq    THREAD_CR3(%rbp), %rcx
        movq    %rcx, %cr3
2:      sti
        hlt
        cli
        jmp     2b

        .section .note.GNU-stack, "", @progbits
