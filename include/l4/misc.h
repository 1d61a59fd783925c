// SPDX-License-Identifier: MIT
// Processors and the attributes of memory (manual: 6.3 ProcessorControl, 6.4
// MemoryControl).
#ifndef L4_MISC_H
#define L4_MISC_H

#include "message.h"
#include "syscalls.h"
#include "tcr.h"

// L4_ProcessorControl: sets the frequencies and the voltage of a processor.
//   processor      0 .. number - 1
//   internal_khz, external_khz   0, or what the processor's descriptor says:
//                                unchanged. The kernel cannot set others
//   millivolts     0: unchanged. The kernel cannot set others
// Right: the caller's space is privileged.
// Result: 1, or 0 and L4_ErrorCode() is
//   L4_ErrNoPrivilege   the caller's space is not privileged
//   L4_ErrInvalidParam  no such processor, or a value that the kernel cannot set;
//                       nothing has changed
L4_INLINE L4_Word_t L4_ProcessorControl(L4_Word_t processor, L4_Word_t internal_khz, L4_Word_t external_khz,
                                        L4_Word_t millivolts) {
  return l4_processor_control(processor, internal_khz, external_khz, millivolts);
}

// Memory attributes of x86-64.
#define L4_DefaultMemory 0UL
#define L4_WriteBackMemory 1UL
#define L4_WriteThroughMemory 2UL
#define L4_UncacheableMemory 4UL
#define L4_WriteCombiningMemory 5UL
#define L4_WriteProtectedMemory 8UL

// L4_MemoryControl: sets how memory is cached.
//   control     bits 0-5 number of flexpages - 1
//   attributes  four values of the constants above
//   flexpages   in message registers 0, 1, ...; the low two bits of each choose one
//               of the four attributes
// Right: the caller's space is privileged.
// Result: 1, or 0 and L4_ErrorCode() is L4_ErrNoPrivilege, or L4_ErrInvalidParam
// for an unknown attribute. The message registers are undefined afterwards.
L4_INLINE L4_Word_t L4_MemoryControl(L4_Word_t control, const L4_Word_t* attributes) {
  L4_Word_t* utcb = l4_utcb();
  L4_Word_t mr[8];
  int i;
  for (i = 0; i < 8; ++i) mr[i] = utcb[i];
  return l4_memory_control_registers(control, attributes, mr);
}

// L4_Set_PageAttribute: one attribute for one flexpage.
// L4_Set_PagesAttributes: n flexpages (1 .. 64), each with the attribute that its
// low two bits choose. As L4_MemoryControl (manual: 6.4, derived functions).
L4_INLINE L4_Word_t L4_Set_PageAttribute(L4_Fpage_t f, L4_Word_t attribute) {
  L4_Word_t attributes[4] = {attribute, attribute, attribute, attribute};
  L4_LoadMR(0, f.raw & ~7UL);
  return L4_MemoryControl(0, attributes);
}
L4_INLINE L4_Word_t L4_Set_PagesAttributes(L4_Word_t n, const L4_Fpage_t* fpages,
                                           const L4_Word_t* attributes) {
  L4_LoadMRs(0, L4_VALUE_CAST(int, n), &fpages[0].raw);
  return L4_MemoryControl((n - 1) & 0x3f, attributes);
}

#endif
