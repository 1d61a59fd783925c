// SPDX-License-Identifier: MIT
// SYSCALL arrives here. The IPC fast path ends the common Ipc calls without C++;
// it is a list of conditions, each of which leaves for the C++ path (ipc.cc)
// before anything was written, and then one switch. The C++ path gives the same
// result for every input.
//
// In:  RCX user's return address, R11 flags, RSP the user's throughout
//      RSI to, RDX from, R8 timeouts
//      R9 RAX RBX R10 R12-R15  MR0-MR7, which stay where they are
//      RDI RBP free
// Out: RSI the sender, RDI the receiver's UTCB, MR0-MR7; all else cleared
//
// RDI = caller's TCB and RBP = partner's TCB once they are known. The user's
// address never reaches SYSRET: everybody returns to the RET of the first stub.
#include "entry_macros.h"
#include "layout.h"
#include "offsets.h"

// RBP = TCB for the number in the global id RSI. Its id may be another one.
        .macro  partner_by_number
        movq    %rsi, %rbp
        shrq    $(32 - TCB_SIZE_BITS), %rbp
        andl    $INDEX_MASK, %ebp
        orq     $TCB_BASE, %rbp
        .endm

// RDI = caller, RBP = TCB for the local id RSI: an index into the caller's UTCB
// area. Unused slots lead to TCB 0, for which nobody can wait.
        .macro  partner_by_local_id
        movq    CPU(CPU_CURRENT), %rdi
        movq    %rsi, %rbp
        subq    THREAD_LOCAL_FIRST(%rdi), %rbp
        rorq    $UTCB_ALIGN_BITS, %rbp
        cmpq    THREAD_LOCAL_COUNT(%rdi), %rbp
        jae     slow_ipc
        movq    THREAD_LOCAL_THREADS(%rdi), %rcx
        movq    (%rcx,%rbp,8), %rbp
        .endm

// The user's GS untouched, same CPU, no ready thread above the partner, nothing
// rare about the caller: one difference (cpu.h has the picture).
        .macro  compare_keys
        movl    %gs, %ecx
        addq    THREAD_KEY(%rbp), %rcx
        subq    CPU(CPU_TOP), %rcx
        .endm

// Partner ready: it waits for anybody, as a call (from = to) mostly finds it, or
// for the caller, as a reply-and-wait (from = anybody, none queued) does. What
// the caller will wait for ends up in RDX.
        .macro  check_partner local
        cmpq    %rsi, %rdx
        jne     3f
        .if     \local
        movq    THREAD_ID(%rbp), %rdx
        .else
        movq    CPU(CPU_CURRENT), %rdi
        .endif
        cmpq    $-1, THREAD_WAIT(%rbp)
        je      5f
        jmp     4f                      // or for the caller
3:      cmpq    $-1, %rdx
        jne     slow_ipc
        .ifeq   \local
        movq    CPU(CPU_CURRENT), %rdi
        .endif
        cmpq    $0, THREAD_SENDERS(%rdi)
        jne     slow_ipc
4:      movq    THREAD_ID(%rdi), %rcx
        cmpq    %rcx, THREAD_WAIT(%rbp)
        je      5f
        cmpq    $-1, THREAD_WAIT(%rbp)
        jne     slow_ipc
5:
        .endm

// The caller waits, the partner runs.
        .macro  exchange_roles
        movq    %rsp, THREAD_RSP(%rdi)
        movl    %r11d, THREAD_RFLAGS(%rdi)
        movq    %rdx, THREAD_WAIT(%rdi)
        movq    %r9, R9(%rdi)           // its tag, should the wait end in an error
        movq    %rbp, CPU(CPU_CURRENT)
        movq    $0, THREAD_WAIT(%rbp)
        .endm

.section .text.fastpath, "ax"
        .globl  syscall_entry
        .balign 64
syscall_entry:
        cmpq    $STUB_RETURN, %rcx      // through the stub of Ipc
        jne     other_call
        testl   $0xfff8, %r9d           // up to 7 words, no typed items, no flags
        jnz     long_or_typed
        partner_by_number
        cmpq    %rsi, THREAD_ID(%rbp)   // it has that very id
        jne     local_partner
        compare_keys
        orw     %r8w, %cx               // receive timeout never: as the GS selector, 16 bits that are 0
        testq   $RARE_KEY_BITS, %rcx
        jnz     rare_key
        check_partner local=0
        exchange_roles
switch_space:
        movq    THREAD_CR3(%rbp), %rcx
        movq    THREAD_ID(%rdi), %rsi
        cmpq    THREAD_CR3(%rdi), %rcx
        je      1f
        movq    %rcx, %cr3
2:      return_to_partner
1:      movq    THREAD_UTCB(%rdi), %rsi // inside a space the sender is seen by its local id
        jmp     2b

local_partner:
        partner_by_local_id
        compare_keys
        orw     %r8w, %cx
        testq   $RARE_KEY_BITS, %rcx
        jnz     rare_key
        check_partner local=1
        exchange_roles
        movq    THREAD_UTCB(%rdi), %rsi
        return_to_partner

// Not the shortest form: more than 7 words, or FPU state to exchange.
long_or_typed:
        testl   $0xffc0, %r9d           // no typed items, no flags
        jnz     slow_ipc
rare_key:
        testw   %r8w, %r8w
        jnz     slow_ipc
        partner_by_number
        cmpq    %rsi, THREAD_ID(%rbp)
        je      1f
        partner_by_local_id
        cmpq    %rsi, %rdx              // from now on by its global id
        jne     1f
        movq    THREAD_ID(%rbp), %rdx
        movq    %rdx, %rsi
1:      compare_keys
        btrq    $(FPU_KEY_BIT + 1), %rcx  // two threads with FPU state are no obstacle here
        testq   $RARE_KEY_BITS, %rcx
        jnz     slow_ipc
        check_partner local=0
        movl    %r9d, %ecx              // words beyond the registers, from UTCB to UTCB
        andl    $63, %ecx
        subl    $7, %ecx
        jbe     1f
        movq    THREAD_LONG_WORDS(%rdi), %rsi
        movq    THREAD_LONG_WORDS(%rbp), %rdi
        rep movsq
        movq    CPU(CPU_CURRENT), %rdi
1:      exchange_roles
        cmpq    $0, THREAD_FPU(%rdi)
        je      switch_space

// Both have FPU state: it leaves with one and comes with the other.
        movq    %rax, %r8               // MR1: XSAVE wants EDX:EAX
        movl    $-1, %eax
        movl    $-1, %edx
        movq    THREAD_FPU(%rdi), %rsi
        xsave64 (%rsi)
        movq    THREAD_FPU(%rbp), %rsi
        fninit                          // see restore() in fpu.cc
        xrstor64 (%rsi)
        movq    %rbp, CPU(CPU_FPU_OWNER)
        movq    %r8, %rax
        jmp     switch_space

// --- Faults ------------------------------------------------------------------------

// The kernel's message of a thread whose pager or handler waits for anybody, or for it,
// is the same switch: the thread waits for the reply, the other one gets the message.
// RBP = thread, RSI = whom it names, a hint; RAX, RDX and RBX are kept. Afterwards
// RDI = thread, RBP = the other one.
        .macro  switch_to_handler protocol, otherwise
        movq    %rbp, %rdi
        partner_by_number
        cmpq    %rsi, THREAD_ID(%rbp)
        jne     1f
        compare_keys
        testq   $RARE_KEY_BITS, %rcx
        jnz     1f
        movq    THREAD_WAIT(%rbp), %rcx
        cmpq    $-1, %rcx
        je      2f
        cmpq    THREAD_ID(%rdi), %rcx
        je      2f
1:      movq    %rdi, %rbp
        jmp     \otherwise
2:      movq    %rsi, THREAD_FROM(%rdi)
        movb    $STATE_RECEIVING, THREAD_STATE(%rdi)
        movb    $\protocol, THREAD_PROTOCOL(%rdi)
        movq    %rbp, CPU(CPU_CURRENT)
        movq    $0, THREAD_WAIT(%rbp)
        .endm

// Read and write faults.
        .globl  vector_14
        .balign 16
vector_14:
        testb   $3, 16(%rsp)
        jz      fault_in_kernel
        save_interrupted
        movl    %ecx, %ebx
        movq    %cr2, %rax
        movabsq $USER_END, %rcx         // not an address that a pager could map
        cmpq    %rcx, %rax
        jae     slow_page_fault
        testb   $0x10, %bl              // not an instruction fetch
        jnz     slow_page_fault
        movq    THREAD_TCR(%rbp), %rsi
        movq    UTCB_PAGER(%rsi), %rsi
        switch_to_handler PROTOCOL_PAGE_FAULT, slow_page_fault
        andl    $2, %ebx                // the right that was missing: 2 = w, else 4 = r
        movl    $4, %ecx
        subl    %ebx, %ecx
        shll    $16, %ecx
        leaq    PAGE_FAULT_TAG(%rcx), %r9
        movq    RIP(%rdi), %rbx         // MR1 is the address, MR2 the instruction
        xorl    %r10d, %r10d
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
        jmp     switch_space

// Exceptions: RDX = number, RAX = error code; all but RAX, RCX, RDX, RSI, RDI and RBP
// are the user's still. MR2-MR7 of the message are in place, as their registers are
// those that travel in them.
        .globl  fast_exception
fast_exception:
        movq    THREAD_TCR(%rbp), %rsi
        movq    UTCB_EXCEPTION_HANDLER(%rsi), %rsi
        switch_to_handler PROTOCOL_EXCEPTION, slow_exception
        movq    THREAD_LONG_WORDS(%rbp), %rcx
        .set    mr, 8
        .irp    saved, RAX, RCX, RDX, RSI, RDI, RBP
        movq    \saved(%rdi), %rsi
        movq    %rsi, (mr - 8) * 8(%rcx)
        .set    mr, mr + 1
        .endr
        movq    %r8, (14 - 8) * 8(%rcx)
        movq    %r9, (15 - 8) * 8(%rcx)
        movq    %r11, (16 - 8) * 8(%rcx)
        movq    THREAD_RSP(%rdi), %rsi
        movq    %rsi, (17 - 8) * 8(%rcx)
        movl    THREAD_RFLAGS(%rdi), %esi
        movq    %rsi, (18 - 8) * 8(%rcx)
        movq    %rdx, (19 - 8) * 8(%rcx)
        movq    %rax, (20 - 8) * 8(%rcx)
        movq    $EXCEPTION_TAG, %r9
        movq    RIP(%rdi), %rax
        jmp     switch_space

        .section .note.GNU-stack, "", @progbits
