// SPDX-License-Identifier: MIT
// Address spaces (manual: 4.2 Unmap, 4.3 SpaceControl). Pages come into a space
// by map and grant items (items.h) and leave it by Unmap.
#ifndef L4_SPACE_H
#define L4_SPACE_H

#include "message.h"
#include "syscalls.h"
#include "tcr.h"

// --- SpaceControl --------------------------------------------------------------------

// L4_SpaceControl: lays out a space.
//   space       a thread of it
//   control     0
//   kip_area    where the kernel interface page shall be seen, of the size that
//               L4_KipAreaSizeLog2() tells
//   utcb_area   where UTCBs may be, at least L4_UtcbAreaSize() bytes
//   redirector  L4_anythread: its threads may send to anybody; L4_anylocalthread:
//               to threads of the space only; a thread: every message that leaves
//               the space goes there first; L4_nilthread: unchanged. Faults and
//               exceptions count as messages; one that may not leave the space
//               halts the thread
//   *old_control  the control word before
// Rights of the two flexpages are ignored. The areas are set while no thread of
// the space is active, and otherwise not looked at.
// Right: the caller's space is privileged.
// Result: 1, or 0 and L4_ErrorCode() is
//   L4_ErrNoPrivilege   the caller's space is not privileged
//   L4_ErrInvalidSpace  no such thread
//   L4_ErrUtcbArea      the UTCB area is too small, or not for users
//   L4_ErrKipArea       the same, or the two overlap
//   L4_ErrInvalidThread no such redirector
//   L4_ErrNoMem         no kernel memory
L4_INLINE L4_Word_t L4_SpaceControl(L4_ThreadId_t space, L4_Word_t control, L4_Fpage_t kip_area,
                                    L4_Fpage_t utcb_area, L4_ThreadId_t redirector, L4_Word_t* old_control) {
  return l4_space_control(space.raw, control, kip_area.raw, utcb_area.raw, redirector.raw, old_control);
}

// --- Unmap -----------------------------------------------------------------------------

// L4_Unmap: takes rights away from what others got, directly or not, from the
// caller's pages.
//   control   bits 0-5 number of flexpages - 1, bit 6 flush: the caller loses them
//             as well
//   flexpages in message registers 0, 1, ...; their rights are those to take away
//             (0: none, only look). Taking all three removes the mapping.
// Afterwards the rights of each flexpage in the message registers say how it was
// used since the last Unmap: L4_Readable and L4_eXecutable accessed, L4_Writable
// written. Pages that the caller does not have, flexpages smaller than a page and
// the KIP and UTCB areas are left out. I/O flexpages take ports back.
// Needs no right, cannot fail.
L4_INLINE void L4_Unmap(L4_Word_t control) {
  L4_Word_t* utcb = l4_utcb();
  L4_Word_t mr[8];
  int i;
  for (i = 0; i < 8; ++i) mr[i] = utcb[i];
  l4_unmap_registers(control, mr);
  for (i = 0; i < 8; ++i) utcb[i] = mr[i];
}

// L4_UnmapFpage, L4_Flush: one flexpage, without and with flush. The result is f
// with the status in its rights (manual: 4.2, derived functions).
L4_INLINE L4_Fpage_t l4_unmap_one(L4_Word_t control, L4_Fpage_t f) {
  L4_LoadMR(0, f.raw);
  L4_Unmap(control);
  L4_StoreMR(0, &f.raw);
  return f;
}
L4_INLINE L4_Fpage_t L4_UnmapFpage(L4_Fpage_t f) { return l4_unmap_one(0, f); }
L4_INLINE L4_Fpage_t L4_Flush(L4_Fpage_t f) { return l4_unmap_one(0x40, f); }
L4_INLINE L4_Fpage_t L4_FlushFpage(L4_Fpage_t f) { return L4_Flush(f); }

// L4_UnmapFpages, L4_FlushFpages: n flexpages (1 .. 64); the array gets the status.
L4_INLINE void l4_unmap_many(L4_Word_t control, L4_Word_t n, L4_Fpage_t* fpages) {
  L4_LoadMRs(0, L4_VALUE_CAST(int, n), &fpages[0].raw);
  L4_Unmap(control | ((n - 1) & 0x3f));
  L4_StoreMRs(0, L4_VALUE_CAST(int, n), &fpages[0].raw);
}
L4_INLINE void L4_UnmapFpages(L4_Word_t n, L4_Fpage_t* fpages) { l4_unmap_many(0, n, fpages); }
L4_INLINE void L4_FlushFpages(L4_Word_t n, L4_Fpage_t* fpages) { l4_unmap_many(0x40, n, fpages); }

// L4_GetStatus: how f was used since the last Unmap; the status is reset.
L4_INLINE L4_Fpage_t L4_GetStatus(L4_Fpage_t f) {
  return L4_UnmapFpage(L4_FpageRemoveRights(f, L4_FullyAccessible));
}
// Questions about such a status.
L4_INLINE L4_Bool_t L4_WasReferenced(L4_Fpage_t f) { return (f.raw & L4_Readable) != 0; }
L4_INLINE L4_Bool_t L4_WasWritten(L4_Fpage_t f) { return (f.raw & L4_Writable) != 0; }
L4_INLINE L4_Bool_t L4_WaseXecuted(L4_Fpage_t f) { return (f.raw & L4_eXecutable) != 0; }

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE L4_Fpage_t L4_Unmap(L4_Fpage_t f) { return L4_UnmapFpage(f); }
L4_INLINE void L4_Unmap(L4_Word_t n, L4_Fpage_t* fpages) { L4_UnmapFpages(n, fpages); }
L4_INLINE void L4_Flush(L4_Word_t n, L4_Fpage_t* fpages) { L4_FlushFpages(n, fpages); }
#endif

#endif
