// SPDX-License-Identifier: MIT
// The memory descriptors of the kernel interface page (manual: 1.1): what lies
// where in physical memory. Where two overlap the later one counts.
#ifndef L4_MEMDESC_H
#define L4_MEMDESC_H

#include "kip.h"

typedef union {
  L4_Word_t raw[2];
  struct {
    L4_Word_t type : 4;
    L4_Word_t t : 4;
    L4_Word_t padding1 : 1;
    L4_Word_t v : 1;
    L4_Word_t low : 54;
    L4_Word_t padding2 : 10;
    L4_Word_t high : 54;
  } x;
} L4_MemoryDesc_t;

// What L4_MemoryDescType answers; the last two come with a subtype in bits 4-7.
#define L4_UndefinedMemoryType 0x0UL
#define L4_ConventionalMemoryType 0x1UL           // free RAM
#define L4_ReservedMemoryType 0x2UL               // the kernel's own
#define L4_DedicatedMemoryType 0x3UL              // not RAM
#define L4_SharedMemoryType 0x4UL                 // any space may have it
#define L4_BootLoaderSpecificMemoryType 0xeUL     // subtype 1: boot information, 2: loaded modules
#define L4_ArchitectureSpecificMemoryType 0xfUL   // subtype: the firmware's type

// L4_NumMemoryDescriptors: how many there are.
L4_INLINE L4_Word_t L4_NumMemoryDescriptors(const void* kip) { return l4_kip(kip)->MemoryInfo.n; }

// L4_MemoryDesc: descriptor num, 0 .. number - 1; a null pointer for others.
L4_INLINE L4_MemoryDesc_t* L4_MemoryDesc(const void* kip, L4_Word_t num) {
  if (num >= L4_NumMemoryDescriptors(kip)) return L4_VALUE_CAST(L4_MemoryDesc_t*, l4_no_object());
  return L4_POINTER_CAST(L4_MemoryDesc_t*, l4_kip_at(kip, l4_kip(kip)->MemoryInfo.MemDescPtr)) + num;
}

// L4_IsMemoryDescVirtual: does it speak of virtual rather than physical memory?
L4_INLINE L4_Bool_t L4_IsMemoryDescVirtual(const L4_MemoryDesc_t* m) { return m->raw[0] >> 9 & 1; }

// L4_MemoryDescType: one of the constants; for the last two with the subtype.
L4_INLINE L4_Word_t L4_MemoryDescType(const L4_MemoryDesc_t* m) {
  L4_Word_t type = m->raw[0] & 0xf;
  return type >= L4_BootLoaderSpecificMemoryType ? m->raw[0] & 0xff : type;
}

// L4_MemoryDescLow, L4_MemoryDescHigh: the first and the last address of it.
L4_INLINE L4_Word_t L4_MemoryDescLow(const L4_MemoryDesc_t* m) { return m->raw[0] & ~0x3ffUL; }
L4_INLINE L4_Word_t L4_MemoryDescHigh(const L4_MemoryDesc_t* m) { return m->raw[1] | 0x3ffUL; }

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE L4_Bool_t L4_IsVirtual(const L4_MemoryDesc_t* m) { return L4_IsMemoryDescVirtual(m); }
L4_INLINE L4_Word_t L4_Type(const L4_MemoryDesc_t* m) { return L4_MemoryDescType(m); }
L4_INLINE L4_Word_t L4_Low(const L4_MemoryDesc_t* m) { return L4_MemoryDescLow(m); }
L4_INLINE L4_Word_t L4_High(const L4_MemoryDesc_t* m) { return L4_MemoryDescHigh(m); }
#endif

#endif
