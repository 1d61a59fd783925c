/* SPDX-License-Identifier: MIT */
/* The font's file (cmake/font.cmake). */
        .section .rodata
        .globl  font_begin, font_end
font_begin:
        .incbin FONT
font_end:
        .section .note.GNU-stack, "", @progbits
