// SPDX-License-Identifier: MIT
// System calls but those that the fast path ends. The number of the stub tells
// which call it is; the user's registers go to its TCB, C++ decides, and a caller
// that goes on returns from here.
#include "entry_macros.h"
#include "stubs.h"

// What every call may have in registers but RDI, which Ipc does not look at.
        .macro  save_call_registers
        movq    %rax, RAX(%rbp)
        movq    %rdx, RDX(%rbp)
        movq    %rsi, RSI(%rbp)
        movq    %r8, R8(%rbp)
        movq    %r9, R9(%rbp)
        movq    %r10, R10(%rbp)
        movl    %r11d, THREAD_RFLAGS(%rbp)
        movq    %rsp, THREAD_RSP(%rbp)
        .endm

        .macro  save_message_registers
        movq    %rbx, RBX(%rbp)
        movq    %r12, R12(%rbp)
        movq    %r13, R13(%rbp)
        movq    %r14, R14(%rbp)
        movq    %r15, R15(%rbp)
        .endm

        .section .text.entry, "ax"

        .globl  slow_ipc
slow_ipc:
        movq    CPU(CPU_CURRENT), %rbp
        save_call_registers
        save_message_registers
        handle  ipc
        jmp     leave

// Not Ipc: the number of the stub tells which call; another place is no call.
        .globl  other_call
other_call:
        cmpq    $STUB_RETURN + 3 * STUB_SPACING, %rcx
        je      fast_system_clock
        cmpq    $STUB_RETURN + 4 * STUB_SPACING, %rcx
        je      fast_thread_switch
        cmpq    $STUB_RETURN + 2 * STUB_SPACING, %rcx
        je      quick_call
        cmpq    $STUB_RETURN + 6 * STUB_SPACING, %rcx
        je      one_page
// A caller that goes on gets the registers for results back; C++ has preserved RBX
// and R12-R15.
slow_call:
        movq    %rbp, CPU(CPU_SCRATCH)
        movq    CPU(CPU_CURRENT), %rbp
        save_call_registers
        movq    %rdi, RDI(%rbp)
        leaq    -STUB_RETURN(%rcx), %rax
        cmpq    $8 * STUB_SPACING, %rax
        ja      unusual_call
        testb   $(STUB_SPACING - 1), %al
        jnz     unusual_call
        cmpl    $6 * STUB_SPACING, %eax
        je      call_with_message_registers
        leaq    call_table(%rip), %rcx
        shrl    $1, %eax                // STUB_SPACING / 2 = 8, an entry of the table
        movq    (%rcx,%rax), %rcx
        handle  *%rcx
leave_call:
        cmpq    %rbp, %rax
        jne     leave
        cmpb    $0, THREAD_BY_IRET(%rbp)
        jne     leave
        load_results
        return_to_stub

// Unmap of one flexpage, the caller's own mapping kept. MR1 and MR3 are in registers
// that C++ does not preserve.
one_page:
        testl   %edx, %edx
        jnz     slow_call
        movq    %rbp, CPU(CPU_SCRATCH)
        movq    CPU(CPU_CURRENT), %rbp
        movq    %r9, R9(%rbp)
        movq    %rax, RAX(%rbp)
        movq    %r10, R10(%rbp)
        movl    %r11d, THREAD_RFLAGS(%rbp)
        movq    %rsp, THREAD_RSP(%rbp)
        leaq    kernel_stack_top(%rip), %rsp
        movq    %r9, %rdi
        movq    %rbp, %rsi
        call    quick_unmap
        testq   %rax, %rax
        jz      2f
        movq    %rax, %r9
        movq    RAX(%rbp), %rax
        movq    R10(%rbp), %r10
        movq    THREAD_UTCB(%rbp), %rdi
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %r8d, %r8d
        return_to_stub

2:      movq    $0, RDX(%rbp)
call_with_message_registers:            // Unmap
        save_message_registers
        handle  unmap_call
        jmp     leave

// ExchangeRegisters, RBP = RSI = caller, RDI = CPU. One that changes nothing is over at
// once if it is about a thread of the caller's space, by its global id, that runs or
// could, or waits as the fast path lets it. A new FS base is in RBX.
exchange_or_look:
        movq    RSI(%rbp), %rax
        testq   %rax, %rax
        jnz     1f
        movq    RAX(%rbp), %rax
        movq    %rax, %rdx
        shrq    $(32 - TCB_SIZE_BITS), %rdx
        andl    $INDEX_MASK, %edx
        orq     $TCB_BASE, %rdx
        cmpq    %rax, THREAD_ID(%rdx)
        jne     exchange_registers
        movq    THREAD_SPACE(%rdx), %rax
        cmpq    THREAD_SPACE(%rbp), %rax
        jne     exchange_registers
        cmpl    $PLAINLY_READY, THREAD_BY_IRET(%rdx)
        jne     exchange_registers
        cmpb    $0, THREAD_WORK(%rdx)
        jne     exchange_registers
        xorl    %esi, %esi
        cmpq    %rsi, THREAD_WAIT(%rdx)
        setne   %sil
        addl    %esi, %esi              // bit 1: it was receiving
        movq    THREAD_UTCB(%rdx), %rax
        movq    $STUB_RETURN, %r8
        movl    THREAD_RFLAGS(%rdx), %r9d
        movq    THREAD_TCR(%rdx), %rdi
        movq    UTCB_USER_DEFINED_HANDLE(%rdi), %r10
        movq    UTCB_PAGER(%rdi), %rdi
        movq    THREAD_RSP(%rdx), %rdx
        return_to_stub
1:      btl     $EXCHANGE_FS_BASE_BIT, %eax
        jnc     exchange_registers
        movq    %rbx, RBX(%rbp)
        call    exchange_registers
        jmp     leave

// MemoryControl's stub, or no stub at all. A SYSCALL from anywhere else is an
// exception, with the registers as the CPU left them: RCX the address behind it,
// R11 the flags.
unusual_call:
        save_message_registers
        movq    CPU(CPU_SCRATCH), %rax
        movq    %rax, RBP(%rbp)
        movabsq $STUB_MEMORY_CONTROL_RETURN, %rax
        cmpq    %rcx, %rax
        jne     1f
        handle  memory_control
        jmp     leave
1:      movq    %rcx, RCX(%rbp)
        movq    %rcx, RIP(%rbp)
        movl    %r11d, %eax
        movq    %rax, R11(%rbp)
        movb    $1, THREAD_BY_IRET(%rbp)
        movl    $VECTOR_FOREIGN_SYSCALL, %edx
        xorl    %eax, %eax
        jmp     fast_exception

// ThreadControl, most often: arguments in C's registers, no state to save but what
// the complete call needs if it has to be.
quick_call:
        movq    CPU(CPU_CURRENT), %rbp
        movq    %rdi, RDI(%rbp)
        movq    %rsi, RSI(%rbp)
        movq    %rdx, RDX(%rbp)
        movq    %r8, R8(%rbp)
        movq    %r9, R9(%rbp)
        movl    %r11d, THREAD_RFLAGS(%rbp)
        movq    %rsp, THREAD_RSP(%rbp)
        movq    %r8, %rcx
        movq    %r9, %r8
        movq    %rbp, %r9
        leaq    kernel_stack_top(%rip), %rsp
        call    quick_thread_control
        testl   %eax, %eax
        jz      1f
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        return_to_stub
1:      handle  thread_control
        jmp     leave_call

fast_system_clock:
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        mulq    clock_multiplier(%rip)
        movq    %rdx, %rax
        xorl    %edx, %edx
        sysretq

// ThreadSwitch with nobody of the same priority, or above, to switch to.
fast_thread_switch:
        testq   %rdi, %rdi
        jnz     slow_call
        movq    CPU(CPU_CURRENT), %rdi
        cmpl    $0, THREAD_MAX_DELAY(%rdi)  // it clears the flag of a delayed preemption
        jne     no_fast_switch
        movzbl  THREAD_PRIORITY(%rdi), %edi
        cmpq    CPU(CPU_READY_TOP), %rdi
        jle     no_fast_switch
        xorl    %edi, %edi
        sysretq
no_fast_switch:
        xorl    %edi, %edi
        jmp     slow_call

        .section .rodata
        .balign 8
call_table:
        // Ipc, ThreadControl, SystemClock and Unmap (0) have ways of their own.
        .quad   0, exchange_or_look, 0, 0, thread_switch, schedule, 0, space_control, processor_control

        .section .note.GNU-stack, "", @progbits
