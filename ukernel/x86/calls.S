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

#define LAST_CALL (8 * STUB_SPACING)

        .section .text.entry, "ax"

        .globl  slow_ipc
slow_ipc:
        movq    CPU(CPU_CURRENT), %rbp
        save_call_registers
        save_message_registers
        handle  ipc
        jmp     leave

// Not Ipc. RCX becomes the offset of the call's stub, where the only SYSCALLs in their
// range are, and chooses from the table; what comes from another place is no call.
        .globl  other_call
other_call:
        subq    $STUB_RETURN, %rcx
        cmpq    $LAST_CALL, %rcx
        ja      unusual_call
        jmp     *call_table(%rcx)
// A caller that goes on gets the registers for results back; C++ has preserved RBX
// and R12-R15.
slow_call:
        movq    CPU(CPU_CURRENT), %rbp
        save_call_registers
        movq    %rdi, RDI(%rbp)
        handle  *8 + call_table(%rcx)
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
        leaq    unmap_call(%rip), %rax
handle_call:                            // RAX
        handle  *%rax
        jmp     leave

// The thread of global id RAX, RDX, if it runs or could, or waits as the fast path lets
// it; else not equal.
plain_thread:
        movq    %rax, %rdx
        shrq    $(32 - TCB_SIZE_BITS), %rdx
        andl    $INDEX_MASK, %edx
        orq     $TCB_BASE, %rdx
        cmpq    %rax, THREAD_ID(%rdx)
        jne     1f
        cmpl    $PLAINLY_READY, THREAD_BY_IRET(%rdx)
        jne     1f
        cmpb    $0, THREAD_WORK(%rdx)
1:      ret

// ExchangeRegisters, RBP = RSI = caller, RDI = CPU. One that changes nothing is over at
// once if it is about a plain thread of the caller's space. A new FS base is in RBX.
exchange_or_look:
        movq    RSI(%rbp), %rax
        testq   %rax, %rax
        jnz     1f
        movq    RAX(%rbp), %rax
        call    plain_thread
        jne     exchange_registers
        movq    THREAD_SPACE(%rdx), %rax
        cmpq    THREAD_SPACE(%rbp), %rax
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
        movq    %rbp, CPU(CPU_SCRATCH)
        movq    CPU(CPU_CURRENT), %rbp
        save_call_registers
        movq    %rdi, RDI(%rbp)
        save_message_registers
        movq    CPU(CPU_SCRATCH), %rax
        movq    %rax, RBP(%rbp)
        addq    $STUB_RETURN, %rcx
        cmpq    $STUB_MEMORY_CONTROL_RETURN, %rcx
        leaq    memory_control(%rip), %rax
        je      handle_call
        movq    %rcx, RCX(%rbp)
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
return_cleared:                         // RBP = caller, results in RAX and RDX
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        return_to_stub
1:      handle  thread_control
        jmp     leave_call

// Schedule. One that changes nothing is over at once, with a plain thread.
quick_schedule:
        movq    CPU(CPU_CURRENT), %rbp
        movq    %rsi, %rax
        andq    %rdx, %rax
        andq    %r8, %rax
        andq    %r9, %rax
        incq    %rax
        jnz     slow_call
        movl    %r11d, THREAD_RFLAGS(%rbp)
        movq    %rsp, THREAD_RSP(%rbp)
        leaq    kernel_stack_top(%rip), %rsp
        movq    %rdi, %rax
        call    plain_thread
        jne     2f
        movq    THREAD_ID(%rbp), %rax
        cmpq    %rax, THREAD_SCHEDULER(%rdx)
        je      1f
        movq    THREAD_SPACE(%rbp), %rax
        cmpb    $0, SPACE_PRIVILEGED(%rax)
        je      2f
1:      xorl    %eax, %eax
        cmpq    %rax, THREAD_WAIT(%rdx)
        setne   %al
        leal    3(%rax,%rax,2), %eax    // running, waiting
        pushq   %rax
        leaq    boot_cpu(%rip), %rdi
        movq    %rdx, %rsi
        call    time_left
        movq    %rax, %rdx
        popq    %rax
        jmp     return_cleared
2:      orq     $-1, %rdx
        movq    THREAD_RSP(%rbp), %rsp
        jmp     slow_call

fast_system_clock:
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        mulq    clock_multiplier(%rip)
        movq    %rdx, %rax
        xorl    %edx, %edx
        movq    $STUB_RETURN, %rcx
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
        movq    $STUB_RETURN, %rcx
        sysretq
no_fast_switch:
        xorl    %edi, %edi
        jmp     slow_call

// In place of syscall_entry while the trace is on. An Ipc is recorded when its message
// goes; any other call, also a foreign one, before it begins.
        .section .trace, "ax"
        .globl  traced_syscall_entry
traced_syscall_entry:
        cmpq    $STUB_RETURN, %rcx
        je      syscall_entry
        movq    %rbp, CPU(CPU_SCRATCH)
        movq    CPU(CPU_CURRENT), %rbp
        save_call_registers
        movq    %rdi, RDI(%rbp)
        leaq    kernel_stack_top(%rip), %rsp
        movl    $TRACE_CALL, %edi
        movq    %rbp, %rsi
        leaq    -STUB_RETURN(%rcx), %rdx
        call    record                  // all registers stay
        movq    RDI(%rbp), %rdi
        movq    RSI(%rbp), %rsi
        movq    RDX(%rbp), %rdx
        movq    THREAD_RSP(%rbp), %rsp
        movq    CPU(CPU_SCRATCH), %rbp
        jmp     syscall_entry

        .section .rodata
        .balign 8
// Where a call goes at first, and its handler if that gives it to slow_call.
call_table:
        .quad   0, 0                    // Ipc, which does not come here
        .quad   slow_call, exchange_or_look
        .quad   quick_call, 0
        .quad   fast_system_clock, 0
        .quad   fast_thread_switch, thread_switch
        .quad   quick_schedule, schedule
        .quad   one_page, call_with_message_registers
        .quad   slow_call, space_control
        .quad   slow_call, processor_control
        .if     . - call_table - LAST_CALL - STUB_SPACING
        .error  "an entry is as long as a stub"
        .endif

        .section .note.GNU-stack, "", @progbits
