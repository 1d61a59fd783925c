// SPDX-License-Identifier: MIT
// Segments, gates and the task state segment with its I/O bitmap.
#pragma once

// The access byte of the descriptor behind selector USER_GS: GDT_USER_GS_PRESENT
// while the kernel loads it, GDT_USER_GS_ABSENT otherwise.
#define GDT_USER_GS_PRESENT 0xf3
#define GDT_USER_GS_ABSENT 0x73

// Interrupt stacks of their own, see the task state segment.
#define IST_NMI 1
#define IST_DOUBLE_FAULT 2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG 4

#ifndef __ASSEMBLER__

#include "../types.h"

extern "C" {
extern mica::u8 gdt_user_gs_access;
// Provided by the entry code: where each of the 256 vectors goes, 0 = nowhere.
extern const mica::u64 entry_points[256];
}

namespace mica {

// Boot: fills the tables and loads all segment registers.
void load_descriptors();

// Ports of the running thread: copies a bitmap of 8 KiB (a set bit forbids) into
// the task state segment and lets the CPU consult it.
void io_bitmap_load(const u8* bitmap);
// Makes the CPU consult the bitmap that was loaded last, or none: then every
// port is forbidden.
void io_bitmap_enable();
void io_bitmap_disable();

}  // namespace mica

#endif
