// SPDX-License-Identifier: MIT
// Every way into the kernel but the fast path, and every way out. A user's
// registers go to its TCB, C++ decides, and the thread that it returns is resumed.
#include "descriptors.h"
#include "entry_macros.h"
#include "layout.h"
#include "offsets.h"
#include "panic.h"
#include "stubs.h"
#include "vectors.h"

#define IA32_GS_BASE 0xc0000101

// Call of a C++ handler: (Cpu&, Thread& current, ...), RBP = current.
        .macro  handle function
        leaq    kernel_stack_top(%rip), %rsp
        leaq    boot_cpu(%rip), %rdi
        movq    %rbp, %rsi
        call    \function
        .endm

        .macro  save_message_registers
        movq    %rbx, RBX(%rbp)
        movq    %r12, R12(%rbp)
        movq    %r13, R13(%rbp)
        movq    %r14, R14(%rbp)
        movq    %r15, R15(%rbp)
        .endm

        .section .text.entry, "ax"

// --- System calls --------------------------------------------------------------

        .globl  slow_ipc
slow_ipc:
        movq    CPU(CPU_CURRENT), %rbp
        movq    %rax, RAX(%rbp)
        movq    %rdx, RDX(%rbp)
        movq    %rsi, RSI(%rbp)
        movq    %r8, R8(%rbp)
        movq    %r9, R9(%rbp)
        movq    %r10, R10(%rbp)
        save_message_registers
        movl    %r11d, THREAD_RFLAGS(%rbp)
        movq    %rsp, THREAD_RSP(%rbp)
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
// The result registers of a call, and what a caller that goes on needs; C++ has
// preserved RBX and R12-R15.
slow_call:
        movq    %rbp, CPU(CPU_SCRATCH)
        movq    CPU(CPU_CURRENT), %rbp
        movq    %rax, RAX(%rbp)
        movq    %rdx, RDX(%rbp)
        movq    %rsi, RSI(%rbp)
        movq    %rdi, RDI(%rbp)
        movq    %r8, R8(%rbp)
        movq    %r9, R9(%rbp)
        movq    %r10, R10(%rbp)
        movl    %r11d, THREAD_RFLAGS(%rbp)
        movq    %rsp, THREAD_RSP(%rbp)
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
        movq    RAX(%rbp), %rax
        movq    RDX(%rbp), %rdx
        movq    RSI(%rbp), %rsi
        movq    RDI(%rbp), %rdi
        movq    R8(%rbp), %r8
        movq    R9(%rbp), %r9
        movq    R10(%rbp), %r10
        movl    THREAD_RFLAGS(%rbp), %r11d
        movq    THREAD_RSP(%rbp), %rsp
        xorl    %ebp, %ebp
        movq    $STUB_RETURN, %rcx
        sysretq

call_with_message_registers:            // Unmap
        save_message_registers
        handle  unmap_call
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
        xorl    %ecx, %ecx
        handle  exception
        jmp     leave

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
        movzbl  %al, %eax
        testl   %eax, %eax
        jz      1f
        movl    THREAD_RFLAGS(%rbp), %r11d
        movq    THREAD_RSP(%rbp), %rsp
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        xorl    %ebp, %ebp
        movq    $STUB_RETURN, %rcx
        sysretq
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
        movzbl  THREAD_PRIORITY(%rdi), %edi
        cmpq    CPU(CPU_READY_TOP), %rdi
        jle     slow_call
        xorl    %edi, %edi
        sysretq

// --- Exceptions and interrupts -----------------------------------------------------

// The CPU pushes an error code for some exceptions; the others get a zero.
        .macro  exception_entry number
vector_\number:
        .set    has_code, 0
        .irp    coded, 8, 10, 11, 12, 13, 14, 17, 21, 29, 30
        .if     \number == \coded
        .set    has_code, 1
        .endif
        .endr
        .if     has_code == 0
        pushq   $0
        .endif
        pushq   $\number
        jmp     interrupt
        .endm

// Lines take four bytes each, around a hub within reach of a short jump.
        .macro  line_entry number, hub
vector_\number:
        pushq   $\number
        jmp     \hub
        .endm

        .altmacro
        .macro  exceptions
        .rept   VECTOR_LINES
        .if     number != 2 && number != 6 && number != 14
        exception_entry %number
        .endif
        .set    number, number + 1
        .endr
        .endm
        .macro  lines hub, count
        .rept   \count
        line_entry %number, \hub
        .set    number, number + 1
        .endr
        .endm

        .set    number, 0
        exceptions
        lines   hub_1, LINES_WITH_ENTRY / 4
hub_1:  pushq   (%rsp)                  // in place of an error code
        jmp     interrupt
        lines   hub_1, LINES_WITH_ENTRY / 4
        lines   hub_2, LINES_WITH_ENTRY / 4
hub_2:  pushq   (%rsp)
        jmp     interrupt
        lines   hub_2, LINES_WITH_ENTRY / 4
        exception_entry %VECTOR_TIMER
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
        jne     2f
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
2:      popq    %rax
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
1:      pushq   $0
        pushq   $6
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
        subl    $VECTOR_LINES, %edx
        jae     dispatch_interrupt
        addl    $VECTOR_LINES, %edx
        cmpl    $VECTOR_PAGE_FAULT, %edx
        je      page_fault_entry
        cmpl    $8, %edx                // double fault, machine check: nothing to go on with
        je      user_abort
        cmpl    $18, %edx
        je      user_abort
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

// RBP = current, RDX = vector - VECTOR_LINES.
dispatch_interrupt:
        cmpl    $VECTOR_TIMER - VECTOR_LINES, %edx
        je      1f
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

1:      handle  handle_timer
        jmp     leave

// The kernel lets interrupts in while it is idle, and nowhere else.
interrupt_in_kernel:
        cmpq    $1, (%rsp)
        je      debug_in_kernel
        cmpq    $VECTOR_LINES, (%rsp)
        jb      kernel_exception
        movq    CPU(CPU_CURRENT), %rbp
        cmpq    CPU(CPU_IDLE), %rbp
        jne     kernel_exception
        popq    %rdx
        subl    $VECTOR_LINES, %edx
        jmp     dispatch_interrupt

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

// --- Leaving ----------------------------------------------------------------------

        .globl  leave_kernel            // leave_kernel(Thread*)
leave_kernel:
        movq    %rdi, %rax
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
        movq    RAX(%rbp), %rax
        movq    RBX(%rbp), %rbx
        movq    RDX(%rbp), %rdx
        movq    RSI(%rbp), %rsi
        movq    RDI(%rbp), %rdi
        movq    R8(%rbp), %r8
        movq    R9(%rbp), %r9
        movq    R10(%rbp), %r10
        movq    R12(%rbp), %r12
        movq    R13(%rbp), %r13
        movq    R14(%rbp), %r14
        movq    R15(%rbp), %r15
        movl    THREAD_RFLAGS(%rbp), %r11d
        movq    THREAD_RSP(%rbp), %rsp
        xorl    %ebp, %ebp
        movq    $STUB_RETURN, %rcx
        sysretq

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
        movq    RAX(%rbp), %rax
        movq    RBX(%rbp), %rbx
        movq    RCX(%rbp), %rcx
        movq    RDX(%rbp), %rdx
        movq    RSI(%rbp), %rsi
        movq    RDI(%rbp), %rdi
        movq    R8(%rbp), %r8
        movq    R9(%rbp), %r9
        movq    R10(%rbp), %r10
        movq    R11(%rbp), %r11
        movq    R12(%rbp), %r12
        movq    R13(%rbp), %r13
        movq    R14(%rbp), %r14
        movq    R15(%rbp), %r15
        movq    RBP(%rbp), %rbp
        iretq

bad_instruction_pointer:
        movl    $VECTOR_PROTECTION, %edx
        xorl    %ecx, %ecx
        handle  exception
        jmp     leave

// The user has loaded GS, which also changed its base. The descriptor is there
// for this moment only. Changes RAX, RCX, RDX.
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

idle:
        movq    THREAD_CR3(%rbp), %rcx
        movq    %rcx, %cr3
        leaq    kernel_stack_top(%rip), %rsp
1:      sti
        hlt
        cli
        jmp     1b

        .section .rodata
        .balign 8
call_table:
        .quad   0                       // Ipc and Unmap have their own ways
        .quad   exchange_registers, thread_control, system_clock, thread_switch
        .quad   schedule, 0, space_control, processor_control

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
        .elseif number < VECTOR_LINES + LINES_WITH_ENTRY || number == VECTOR_TIMER
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
