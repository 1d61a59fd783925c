# SPDX-License-Identifier: MIT
# page.html as it is, in the program that makes pages of it.
        .section .rodata
        .globl  scope_page_start, scope_page_end
scope_page_start:
        .incbin "page.html"
scope_page_end:
        .section .note.GNU-stack, "", @progbits
