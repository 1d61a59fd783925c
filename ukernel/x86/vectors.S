// SPDX-License-Identifier: MIT
// Exceptions and interrupts. A user's registers go to its TCB, C++ decides, and the
// thread that it returns is resumed (leave.S).
#include "entry_macros.h"
#include "vectors.h"

#define UNREAD 0x80                     // in place of a vector: C++ has to look at the instruction

        .section .text.entry, "ax"

// The CPU pushes an error code for some exceptions; the others get a zero on their way,
// at another hub than those. All are within reach of a short jump. Reserved ones, and those
// of features that are off, have no entry.
        .macro  exception_entry number
vector_\number:
        pushq   $\number
        .set    has_code, 0
        .irp    coded, 8, 10, 11, 12, 13, 17
        .if     \number == \coded
        .set    has_code, 1
        .endif
        .endr
        .if     has_code
        jmp     with_code
        .else
        jmp     without_code
        .endif
        .endm

// Interrupts take four bytes each, around a hub within reach of a short jump, and
// push their number as a negative one: it fits in a byte and is told from exceptions.
        .macro  interrupt_entry number, hub
vector_\number:
        pushq   $VECTOR_INTERRUPTS - \number
        jmp     \hub
        .endm

        .altmacro
        .macro  exceptions
        .rept   VECTOR_TIMER + 1
        .if     number != 2 && number != 6 && number != 9 && number != 14 && number != 15 && (number < 20 || number > 31)
        exception_entry %number
        .endif
        .set    number, number + 1
        .endr
        .endm
        .macro  interrupts hub, count
        .rept   \count
        interrupt_entry %number, \hub
        .set    number, number + 1
        .endr
        .endm

        .set    number, 0
        exceptions
without_code:
        pushq   (%rsp)
        andq    $0, 8(%rsp)
with_code:
        jmp     interrupt
        .set    number, VECTOR_INTERRUPTS + 1
        interrupts hub_1, 20
hub_1:  pushq   (%rsp)                  // in place of an error code
        jmp     interrupt
        interrupts hub_1, 20
        interrupts hub_2, 20
hub_2:  pushq   (%rsp)
        jmp     interrupt
        interrupts hub_2, 20
        interrupts hub_3, 20
hub_3:  pushq   (%rsp)
        jmp     interrupt
        interrupts hub_3, 19
        .if     number != VECTOR_INTERRUPTS + 1 + INTERRUPTS_WITH_ENTRY
        .error  "not every interrupt has an entry"
        .endif
        .noaltmacro

// KernelInterface is `lock nop`, an invalid opcode; anything else goes on as one.
// The two bytes are read through a walk of the page table, as everything of a
// user's is; tables made for users have the user bit at each level.
        .balign 8
vector_6:
        testb   $3, 8(%rsp)
        jz      1f
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %rax
        movq    40(%rsp), %rsi          // the user's RIP
        movabsq $PHYSMAP_BASE, %rdi
        movabsq $0x000ffffffffff000, %rcx
        movq    %cr3, %rax
        .irp    shift, 39, 30, 21, 12
        movq    %rsi, %rdx
        shrq    $\shift, %rdx
        andl    $511, %edx
        addq    %rdi, %rax
        movq    (%rax,%rdx,8), %rax
        testb   $4, %al
        jz      2f
        .if     \shift == 30 || \shift == 21
        testb   %al, %al                // a large page: C++ knows how
        js      2f
        .endif
        .if     \shift == 12
        testl   $ENTRY_DEVICE, %eax     // not RAM: the kernel has no view of it
        jnz     2f
        .endif
        andq    %rcx, %rax
        .endr
        addq    %rdi, %rax
        movl    %esi, %edx
        andl    $4095, %edx
        cmpl    $4095, %edx             // the second byte may be in another page
        je      2f
        cmpw    $0x90f0, (%rax,%rdx)
        jne     3f
        movq    32(%rsp), %rdi
        addq    $40, %rsp
        addq    $2, (%rsp)
        movq    CPU(CPU_CURRENT), %rax
        movq    THREAD_SPACE(%rax), %rax
        movq    SPACE_KIP_AREA(%rax), %rax
        andq    $~0x3ff, %rax
        movq    kip_page + KIP_API_VERSION(%rip), %rcx
        movq    kip_page + KIP_API_FLAGS(%rip), %rdx
        movq    kip_page + KIP_KERNEL_ID(%rip), %rsi
        iretq
        .macro  pop_five
        popq    %rax
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        pushq   $0
        .endm
2:      pop_five
        pushq   $VECTOR_INVALID_OPCODE | UNREAD
        jmp     interrupt
3:      pop_five
        jmp     4f
1:      pushq   $0
4:      pushq   $VECTOR_INVALID_OPCODE
        jmp     interrupt

        .globl  fault_in_kernel
fault_in_kernel:
        pushq   $VECTOR_PAGE_FAULT
        jmp     interrupt

// Nothing in the kernel may be assumed here, so nothing is done.
vector_nmi:
        iretq
vector_spurious:
        iretq

// On the stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.
interrupt:
        testb   $3, 24(%rsp)
        jz      interrupt_in_kernel
        cld
        save_interrupted with_vector=1
        .globl  smap_patch              // `clac` where the CPU has SMAP
smap_patch:
        .byte   0x0f, 0x1f, 0x00
        negl    %edx
        jg      dispatch_interrupt
        negl    %edx
        cmpl    $VECTOR_PAGE_FAULT, %edx
        je      page_fault_entry
        cmpl    $VECTOR_TIMER, %edx
        je      dispatch_timer
        cmpl    $8, %edx                // double fault, machine check: nothing to go on with
        je      user_abort
        cmpl    $18, %edx
        je      user_abort
        movl    %ecx, %eax
        btrl    $7, %edx                // UNREAD
        jc      slow_exception
        cmpl    $VECTOR_NO_FPU, %edx
        je      slow_exception
        cmpl    $VECTOR_PROTECTION, %edx
        jne     fast_exception
        testl   %ecx, %ecx              // without one it may be IN or OUT
        jnz     fast_exception
        .globl  slow_exception
slow_exception:
        movl    %eax, %ecx
        handle  exception
        jmp     leave
page_fault_entry:
        movq    %cr2, %rdx
        handle  page_fault
        jmp     leave

// From the fast path. RBP = current, EBX = error code.
        .globl  slow_page_fault
slow_page_fault:
        movl    %ebx, %ecx
        movl    $VECTOR_PAGE_FAULT, %edx
        cld
        jmp     smap_patch

// RBP = current, RDX = number of the interrupt.
dispatch_interrupt:
        handle  handle_line
        testq   %rdx, %rdx
        jz      leave

// RAX = handler of the interrupt RDX, which gets the message in its registers.
        movq    %rax, %rbp
        movq    %rdx, %rsi
        movl    %gs, %ecx
        cmpl    $USER_GS, %ecx
        je      2f
        call    repair_gs
2:      movq    $INTERRUPT_TAG, %r9
        xorl    %eax, %eax
        xorl    %ebx, %ebx
        xorl    %r10d, %r10d
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
        movq    THREAD_CR3(%rbp), %rcx
        movq    %cr3, %rdx
        cmpq    %rcx, %rdx
        je      3f
        movq    %rcx, %cr3
3:      return_to_partner

dispatch_timer:
        handle  handle_timer
        jmp     leave

// The kernel lets interrupts in while it is idle, and at work_window.
interrupt_in_kernel:
        cmpq    $1, (%rsp)
        je      debug_in_kernel
        cmpq    $VECTOR_TIMER, (%rsp)
        jb      kernel_exception
        movq    CPU(CPU_CURRENT), %rbp
        cmpq    CPU(CPU_IDLE), %rbp
        je      1f
        cmpq    $work_window, 16(%rsp)
        jne     kernel_exception
1:      popq    %rdx
        negl    %edx
        jg      dispatch_interrupt
        jmp     dispatch_timer

        .macro  push_panic_frame
        pushq   %rax
        pushq   %rbx
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %rbp
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .endm
kernel_exception:
        push_panic_frame
        movq    %rsp, %rdi
        call    panic_exception

// A user can make one arrive with the first instruction behind SYSCALL.
debug_in_kernel:
        addq    $16, %rsp
        andl    $~0x100, 16(%rsp)
        iretq

user_abort:
        leaq    kernel_stack_top(%rip), %rsp
        pushq   $USER_SS
        pushq   THREAD_RSP(%rbp)
        pushq   THREAD_RFLAGS(%rbp)
        pushq   $USER_CS
        pushq   RIP(%rbp)
        pushq   %rcx
        pushq   %rdx
        jmp     kernel_exception

        .section .rodata
        .balign 8
        .globl  entry_points
entry_points:
        .altmacro
        .macro  entry_point number
        .quad   vector_\number
        .endm
        .macro  entry_point_at number
        entry_point %number
        .endm
        .set    number, 0
        .rept   256
        .if     number == 2
        .quad   vector_nmi
        .elseif number <= VECTOR_TIMER && number != 9 && number != 15 && (number < 20 || number > 31)
        entry_point_at %number
        .elseif number > VECTOR_INTERRUPTS && number <= VECTOR_INTERRUPTS + INTERRUPTS_WITH_ENTRY
        entry_point_at %number
        .elseif number == VECTOR_SPURIOUS
        .quad   vector_spurious
        .else
        .quad   0
        .endif
        .set    number, number + 1
        .endr
        .noaltmacro

        .section .note.GNU-stack, "", @progbits
