// SPDX-License-Identifier: MIT
// The sigma0 protocol (manual: 7.6). sigma0 owns all memory, device memory and I/O
// ports when the system starts and gives each page to the first thread that asks,
// and to nobody else. Anybody may ask. Conventional memory comes cleared.
#ifndef L4_SIGMA0_H
#define L4_SIGMA0_H

#include "ipc.h"
#include "kip.h"
#include "misc.h"

#define L4_Sigma0RequestLabel (-6L * 16)
#define L4_Sigma0DumpLabel (-1001L * 16)

// Bit 3 of the requested flexpage: the physical address has high bits, in message
// register 3 (addresses above 2^32 into a window below it).
#define L4_Sigma0Extended 8UL
// An attribute of Mica's sigma0: not memory is wanted, but a read-only copy of the
// kernel interface page.
#define L4_Sigma0KernelInterfacePage 0x100UL

// Another one, for the root task alone: from now on threads with this number or a higher
// one get nothing, so that what the root task gives to others is all that they have.
#define L4_Sigma0Exclude 0x101UL

// L4_Sigma0: sigma0's thread id.
L4_INLINE L4_ThreadId_t L4_Sigma0(const void* kip) { return L4_GlobalId(L4_ThreadIdUserBase(kip), 1); }

// L4_Sigma0_Request: the request in full.
//   s0         sigma0, or a pager that speaks its protocol; L4_nilthread: sigma0
//   f          which physical memory, or which I/O ports; rights are ignored
//   attribute  how it shall be cached (misc.h), 0 for the default
//   window     where to put it in the caller's space. With
//              L4_CompleteAddressSpace memory appears at its physical address
// Result: the flexpage that was given: its physical address, size and rights.
// L4_Nilpage when it was refused (it or a part of it belongs to somebody else, to
// the kernel, or does not exist) or when the message failed; only then does
// L4_IpcFailed hold for the tag in message register 0, see ipc.h.
// Memory that the caller has got before is given again.
// The caller's acceptor is changed.
L4_INLINE L4_Fpage_t L4_Sigma0_Request(L4_ThreadId_t s0, L4_Fpage_t f, L4_Word_t attribute,
                                       L4_Fpage_t window) {
  L4_MsgTag_t tag;
  L4_Fpage_t given;
  if (L4_IsNilThread(s0)) s0 = L4_Sigma0(L4_POINTER_CAST(const void*, 0));
  L4_Accept(L4_MapGrantItems(window));
  L4_LoadMR(0, L4_VALUE_CAST(L4_Word_t, L4_Sigma0RequestLabel) << 16 | 2);
  L4_LoadMR(1, f.raw);
  L4_LoadMR(2, attribute);
  tag = L4_Call(s0);
  if (L4_IpcFailed(tag) || L4_UntypedWords(tag) != 0 || L4_TypedWords(tag) != 2) return L4_Nilpage;
  L4_StoreMR(2, &given.raw);
  return L4_IsNilFpage(given) ? L4_Nilpage : given;
}

// L4_Sigma0_GetPage: that memory, or those ports, at the same address here.
L4_INLINE L4_Fpage_t L4_Sigma0_GetPage(L4_ThreadId_t s0, L4_Fpage_t f) {
  return L4_Sigma0_Request(s0, f, L4_DefaultMemory, L4_IsIoFpage(f) ? f : L4_CompleteAddressSpace);
}
// L4_Sigma0_GetPage_RcvWindow: that memory, in a window.
L4_INLINE L4_Fpage_t L4_Sigma0_GetPage_RcvWindow(L4_ThreadId_t s0, L4_Fpage_t f, L4_Fpage_t window) {
  return L4_Sigma0_Request(s0, f, L4_DefaultMemory, window);
}
// L4_Sigma0_GetAny: any conventional memory of 2^log2_size bytes (12 and up) that
// nobody has, in a window. A new piece with each call.
L4_INLINE L4_Fpage_t L4_Sigma0_GetAny(L4_ThreadId_t s0, L4_Word_t log2_size, L4_Fpage_t window) {
  L4_Fpage_t any = L4_LITERAL(L4_Fpage_t, .raw = ~0x3ffUL | (log2_size & 0x3f) << 4);
  return L4_Sigma0_Request(s0, any, L4_DefaultMemory, window);
}
// L4_Sigma0_GetSpecial: that memory with an attribute; how drivers ask for devices.
L4_INLINE L4_Fpage_t L4_Sigma0_GetSpecial(L4_ThreadId_t s0, L4_Word_t attribute, L4_Fpage_t f,
                                          L4_Fpage_t window) {
  return L4_Sigma0_Request(s0, f, attribute, window);
}

// L4_Sigma0_Exclude: threads with numbers from `first` on get nothing any more; a later
// call may change the number. Result: 1; 0 when the caller is not the root task's first
// thread or the message failed. A Mica extension.
L4_INLINE L4_Word_t L4_Sigma0_Exclude(L4_ThreadId_t s0, L4_Word_t first) {
  L4_MsgTag_t tag;
  L4_Word_t done;
  L4_LoadMR(0, L4_VALUE_CAST(L4_Word_t, L4_Sigma0RequestLabel) << 16 | 2);
  L4_LoadMR(1, first);
  L4_LoadMR(2, L4_Sigma0Exclude);
  tag = L4_Call(s0);
  if (L4_IpcFailed(tag) || L4_UntypedWords(tag) != 1) return 0;
  L4_StoreMR(1, &done);
  return done;
}

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE L4_Fpage_t L4_Sigma0_GetPage(L4_ThreadId_t s0, L4_Fpage_t f, L4_Fpage_t window) {
  return L4_Sigma0_GetPage_RcvWindow(s0, f, window);
}
#endif

#endif
