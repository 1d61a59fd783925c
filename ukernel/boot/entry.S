// SPDX-License-Identifier: MIT
// The first instructions: from the boot loader's 32-bit protected mode into
// 64-bit mode with the low 4 GiB mapped one to one, then to first_stage().

#define MULTIBOOT1_MAGIC 0x1badb002
#define MULTIBOOT1_FLAGS 0x00000003   /* modules page aligned, memory map wanted */
#define MULTIBOOT2_MAGIC 0xe85250d6

        .section .multiboot, "a"
        .balign 4
        .long   MULTIBOOT1_MAGIC
        .long   MULTIBOOT1_FLAGS
        .long   -(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)

        .balign 8
header2:
        .long   MULTIBOOT2_MAGIC
        .long   0                       // i386
        .long   header2_end - header2
        .long   -(MULTIBOOT2_MAGIC + 0 + (header2_end - header2))
        .balign 8
        .word   5, 1                    // framebuffer, optional
        .long   20
        .long   0, 0, 0                 // any size, any depth
        .balign 8
        .word   6, 0                    // modules page aligned
        .long   8
        .balign 8
        .word   0, 0                    // end
        .long   8
header2_end:

        .section .text.entry, "ax"
        .code32
        .globl  entry
entry:
        movl    %eax, %esi              // the loader's magic; CPUID and RDTSC take EAX-EDX
        movl    %ebx, %edi              // its information
        rdtsc
        cli
        cld
        movl    $stack_top, %esp
        movl    %eax, boot_tsc
        movl    %edx, boot_tsc + 4

        // Long mode? CPUID exists when flag ID (bit 21) can be changed.
        pushfl
        popl    %eax
        movl    %eax, %ecx
        xorl    $0x200000, %eax
        pushl   %eax
        popfl
        pushfl
        popl    %eax
        xorl    %ecx, %eax
        testl   $0x200000, %eax
        jz      no_long_mode
        movl    $0x80000000, %eax
        cpuid
        cmpl    $0x80000001, %eax
        jb      no_long_mode
        movl    $0x80000001, %eax
        cpuid
        testl   $(1 << 29), %edx
        jz      no_long_mode
        movl    %edx, %ebp              // bit 20: no-execute

        // 2048 pages of 2 MiB: present, writable, large.
        movl    $0x83, %eax
        movl    $identity_directories, %ebx
        xorl    %ecx, %ecx
1:      movl    %eax, (%ebx, %ecx, 8)
        addl    $0x200000, %eax
        incl    %ecx
        cmpl    $2048, %ecx
        jb      1b
        leal    3(%ebx), %eax
        movl    $identity_pointers, %ebx
        xorl    %ecx, %ecx
2:      movl    %eax, (%ebx, %ecx, 8)
        addl    $0x1000, %eax
        incl    %ecx
        cmpl    $4, %ecx
        jb      2b
        movl    $identity_pointers + 3, %eax
        movl    %eax, top_table

        movl    %cr4, %eax
        orl     $(1 << 5), %eax         // PAE
        movl    %eax, %cr4
        movl    $top_table, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       // EFER
        rdmsr
        orl     $(1 << 8), %eax         // LME
        testl   $(1 << 20), %ebp
        jz      3f
        orl     $(1 << 11), %eax        // NXE
3:      wrmsr
        movl    %cr0, %eax
        orl     $0x80010000, %eax       // PG, WP
        movl    %eax, %cr0
        lgdt    descriptor_pointer
        ljmp    $0x08, $entry64

no_long_mode:
        movl    $no_long_mode_text, %esi
        movw    $0x3f9, %dx             // serial: no interrupts, 115200 baud, 8n1
        xorl    %eax, %eax
        outb    %al, %dx
        movw    $0x3fb, %dx
        movb    $0x80, %al
        outb    %al, %dx
        movw    $0x3f8, %dx
        movb    $1, %al
        outb    %al, %dx
        incl    %edx
        movb    $0, %al
        outb    %al, %dx
        movw    $0x3fb, %dx
        movb    $3, %al
        outb    %al, %dx
        movl    $0xb8000, %edi
        movl    $2000, %ecx
        movw    $0x0720, %ax
        rep stosw
        movl    $0xb8000, %edi
4:      lodsb
        testb   %al, %al
        jz      6f
        movb    $0x4f, %ah
        cmpb    $' ', %al
        jb      5f
        stosw
5:      movb    %al, %bl
        movl    $100000, %ecx           // no UART, no wait
        movw    $0x3fd, %dx
7:      inb     %dx, %al
        testb   $0x20, %al
        loopz   7b
        movb    %bl, %al
        movw    $0x3f8, %dx
        outb    %al, %dx
        jmp     4b
6:      movb    $0x21, %al              // QEMU's exit device: status 67
        outb    %al, $0xf4
8:      hlt
        jmp     8b

        .code64
entry64:
        movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        xorl    %eax, %eax
        movw    %ax, %fs
        movw    %ax, %gs
        movl    $stack_top, %esp
        movl    %esi, %eax
        movl    %edi, %esi              // the loader's information
        movl    %eax, %edi              // the loader's magic
        movq    boot_tsc, %rdx
        xorl    %ebp, %ebp
        call    first_stage
9:      hlt
        jmp     9b

// enter_kernel(entry, platform, top_table)
        .globl  enter_kernel
enter_kernel:
        movq    %rdx, %cr3
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movl    $stack_top, %esp
        xorl    %ebp, %ebp
        jmp     *%rax

        .section .rodata, "a"
no_long_mode_text:
        .asciz  "mica boot: this CPU has no long mode (64-bit x86 is needed)\r\n"
        .balign 8
descriptors:
        .quad   0
        .quad   0x00af9b000000ffff      // 0x08: 64-bit code
        .quad   0x00cf93000000ffff      // 0x10: data
descriptor_pointer:
        .word   . - descriptors - 1
        .long   descriptors

        .bss
        .balign 4096
        .globl  top_table
top_table:              .skip 4096
identity_pointers:      .skip 4096
identity_directories:   .skip 4 * 4096
        .skip   32768
stack_top:
boot_tsc:               .skip 8

        .section .note.GNU-stack, "", @progbits
