// SPDX-License-Identifier: MIT
// FPU, SSE and AVX registers to and from memory (fpu.h).

#define MXCSR 512
#define X87_CONTROL 516
#define X87_STATUS 518
#define X87_TOP 520

        .text

        .macro  load_rest
        ldmxcsr MXCSR(%rdi)
        fninit
        fldl    X87_TOP + 8(%rdi)
        fldl    X87_TOP(%rdi)
        fldcw   X87_CONTROL(%rdi)
        ret
        .endm

        .macro  store_rest
        stmxcsr MXCSR(%rdi)
        fnstcw  X87_CONTROL(%rdi)
        fnstsw  X87_STATUS(%rdi)
        fstl    X87_TOP(%rdi)
        fxch    %st(1)
        fstl    X87_TOP + 8(%rdi)
        fxch    %st(1)
        ret
        .endm

        .macro  each_register operation:vararg
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        \operation \n
        .endr
        .endm

        .macro  load_xmm n
        movups  \n * 32(%rdi), %xmm\n
        .endm
        .macro  store_xmm n
        movups  %xmm\n, \n * 32(%rdi)
        .endm
        .macro  load_ymm n
        vmovups \n * 32(%rdi), %ymm\n
        .endm
        .macro  store_ymm n
        vmovups %ymm\n, \n * 32(%rdi)
        .endm

        .globl  guest_load_sse, guest_store_sse, guest_load_avx, guest_store_avx
guest_load_sse:
        each_register load_xmm
        load_rest
guest_store_sse:
        each_register store_xmm
        store_rest
guest_load_avx:
        each_register load_ymm
        load_rest
guest_store_avx:
        each_register store_ymm
        store_rest

        .section .note.GNU-stack, "", @progbits
