// SPDX-License-Identifier: MIT
// The kernel's half of every address space. Everything that assembly names by
// an absolute address lies in the top 2 GiB, where 32-bit displacements reach.
#pragma once

#define PHYSMAP_BASE 0xffff800000000000  // RAM, supervisor, writable, never executable
#define KERNEL_BASE 0xffffffff80000000   // the kernel image, W^X by segment
#define TCB_BASE 0xffffffffc0000000      // the TCB array; absent pages show one page of zeros
#define DEVICE_BASE 0xffffffffd0000000   // local APIC, I/O APICs, HPET: uncached
#define STUB_BASE 0xffffffffe0000000     // system-call stubs, user-executable
#define UTCB_WORD_BASE 0xffffffffe0001000  // what a user's %gs:0 reads, one page a CPU

#define USER_END 0x00007ffffffff000  // abi.h says why

#define TCB_SIZE_BITS 9
#define THREAD_NUMBER_BITS 18

// Each stub is `syscall; ret`; all return through the one of Ipc.
#define STUB_SPACING 0x10
#define STUB_RETURN (STUB_BASE + 2)

// Selectors. The order is dictated by SYSCALL and SYSRET.
#define KERNEL_CS 0x08
#define KERNEL_SS 0x10
#define SYSRET_BASE 0x1b  // the 32-bit code segment there does not exist
#define USER_SS 0x23
#define USER_CS 0x2b
#define USER_GS 0x33      // present only while the kernel loads it
#define TSS_SELECTOR 0x38
