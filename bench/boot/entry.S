// SPDX-License-Identifier: MIT
// The first instruction of this root task reads the time-stamp counter; then the
// runtime starts as ever.
        .section .text.start, "ax"
        .globl  bench_boot_start
bench_boot_start:
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        movq    %rax, bench_boot_time(%rip)
        jmp     _start

        .section .data
        .balign 8
        .globl  bench_boot_time
bench_boot_time:
        .quad   0

        .section .note.GNU-stack, "", @progbits
