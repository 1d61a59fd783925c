// SPDX-License-Identifier: MIT
// What a thread accepts when it receives (manual: 5.5 String Buffers and Buffer
// Registers): the acceptor in buffer register 0, buffers for strings in the 32
// registers after it. A receive does not change them; they hold until set anew.
#ifndef L4_BUFFERS_H
#define L4_BUFFERS_H

#include "message.h"
#include "tcr.h"

// X.s strings are accepted; X.RcvWindow where mappings may go, a flexpage without
// its low four bits.
typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t s : 1;
    L4_Word_t c : 1;
    L4_Word_t zeros : 2;
    L4_Word_t RcvWindow : 60;
  } X;
} L4_Acceptor_t;

// Untyped words only, and strings.
#define L4_UntypedWordsAcceptor L4_LITERAL(L4_Acceptor_t, .raw = 0)
#define L4_StringItemsAcceptor L4_LITERAL(L4_Acceptor_t, .raw = 1)

// L4_MapGrantItems: mappings into the window f; L4_CompleteAddressSpace: anywhere
// the sender chooses. For I/O ports give an I/O flexpage.
L4_INLINE L4_Acceptor_t L4_MapGrantItems(L4_Fpage_t f) {
  return L4_LITERAL(L4_Acceptor_t, .raw = f.raw & ~0xfUL);
}

// L4_AddAcceptor: what either accepts; a window of r replaces that of l.
// L4_RemoveAcceptor: what l accepts and r does not.
L4_INLINE L4_Acceptor_t L4_AddAcceptor(L4_Acceptor_t l, L4_Acceptor_t r) {
  L4_Word_t window = (r.raw & ~0xfUL) ? r.raw & ~0xfUL : l.raw & ~0xfUL;
  return L4_LITERAL(L4_Acceptor_t, .raw = window | ((l.raw | r.raw) & 0xf));
}
L4_INLINE L4_Acceptor_t L4_AddAcceptorTo(L4_Acceptor_t* l, L4_Acceptor_t r) {
  *l = L4_AddAcceptor(*l, r);
  return *l;
}
L4_INLINE L4_Acceptor_t L4_RemoveAcceptor(L4_Acceptor_t l, L4_Acceptor_t r) {
  L4_Word_t window = (r.raw & ~0xfUL) ? 0 : l.raw & ~0xfUL;
  return L4_LITERAL(L4_Acceptor_t, .raw = window | (l.raw & ~r.raw & 0xf));
}
L4_INLINE L4_Acceptor_t L4_RemoveAcceptorFrom(L4_Acceptor_t* l, L4_Acceptor_t r) {
  *l = L4_RemoveAcceptor(*l, r);
  return *l;
}

// L4_HasStringItems, L4_HasMapGrantItems: does it accept them? L4_RcvWindow: where
// to; L4_Nilpage if mappings are not accepted.
L4_INLINE L4_Bool_t L4_HasStringItems(L4_Acceptor_t a) { return a.raw & 1; }
L4_INLINE L4_Bool_t L4_HasMapGrantItems(L4_Acceptor_t a) { return (a.raw & ~0xfUL) != 0; }
L4_INLINE L4_Fpage_t L4_RcvWindow(L4_Acceptor_t a) { return L4_LITERAL(L4_Fpage_t, .raw = a.raw & ~0xfUL); }

// --- Buffer registers ----------------------------------------------------------------

// L4_LoadBR: register i (0 .. 32) = w. L4_StoreBR: *w = register i.
L4_INLINE void L4_LoadBR(int i, L4_Word_t w) { *l4_tcr(L4_TCR_BR0 - i) = w; }
L4_INLINE void L4_StoreBR(int i, L4_Word_t* w) { *w = *l4_tcr(L4_TCR_BR0 - i); }

// L4_LoadBRs, L4_StoreBRs: k registers from i on; i + k at most 33.
L4_INLINE void L4_LoadBRs(int i, int k, const L4_Word_t* w) {
  int n;
  for (n = 0; n < k; ++n) L4_LoadBR(i + n, w[n]);
}
L4_INLINE void L4_StoreBRs(int i, int k, L4_Word_t* w) {
  int n;
  for (n = 0; n < k; ++n) L4_StoreBR(i + n, &w[n]);
}

// L4_Accept: the next receives accept a. L4_Accepted: what they accept now.
L4_INLINE void L4_Accept(L4_Acceptor_t a) { L4_LoadBR(0, a.raw); }
L4_INLINE L4_Acceptor_t L4_Accepted(void) { return L4_LITERAL(L4_Acceptor_t, .raw = *l4_tcr(L4_TCR_BR0)); }

// --- Buffers for strings -----------------------------------------------------------

// Receive string items, one after another as in the buffer registers. Word 0 is
// not sent anywhere; it counts the words in use.
typedef union {
  L4_Word_t raw[L4_NumBRs];
  L4_StringItem_t string[1];
} L4_MsgBuffer_t;

// L4_MsgBufferClear: no buffers. L4_MsgBufferAppendSimpleRcvString: one more buffer,
// used for the next string of the message. L4_MsgBufferAppendRcvString: the same
// for a compound one. At most 32 words in all.
L4_INLINE void L4_MsgBufferClear(L4_MsgBuffer_t* b) {
  b->raw[0] = 0;
  b->raw[1] = 0;
}
L4_INLINE void L4_MsgBufferAppendRcvString(L4_MsgBuffer_t* b, L4_StringItem_t* s) {
  L4_Word_t i, used = b->raw[0], n = l4_string_words(s, L4_POINTER_CAST(L4_StringItem_t**, 0));
  // The head of the last buffer says that another one follows.
  for (i = 0; i < used;) {
    L4_StringItem_t* item = L4_POINTER_CAST(L4_StringItem_t*, &b->raw[1 + i]);
    i += l4_string_words(item, L4_POINTER_CAST(L4_StringItem_t**, 0));
    if (i == used) item->raw[0] |= 1;
  }
  for (i = 0; i < n; ++i) b->raw[1 + used + i] = L4_POINTER_CAST(const L4_Word_t*, s)[i];
  b->raw[1 + used] &= ~1UL;
  b->raw[0] = used + n;
}
L4_INLINE void L4_MsgBufferAppendSimpleRcvString(L4_MsgBuffer_t* b, L4_StringItem_t s) {
  s.raw[0] &= ~0x3f0UL;
  L4_MsgBufferAppendRcvString(b, &s);
}

// L4_AcceptStrings: the next receives accept a (which should include strings) with
// the buffers of b.
L4_INLINE void L4_AcceptStrings(L4_Acceptor_t a, const L4_MsgBuffer_t* b) {
  L4_Accept(a);
  L4_LoadBRs(1, L4_VALUE_CAST(int, b->raw[0]), &b->raw[1]);
}

#if defined(__cplusplus)
// The shorter names and operators of the manual's C++ binding.
inline L4_Acceptor_t operator+(const L4_Acceptor_t& l, const L4_Acceptor_t& r) {
  return L4_AddAcceptor(l, r);
}
inline L4_Acceptor_t operator-(const L4_Acceptor_t& l, const L4_Acceptor_t& r) {
  return L4_RemoveAcceptor(l, r);
}
inline L4_Acceptor_t operator+=(L4_Acceptor_t& l, const L4_Acceptor_t& r) { return L4_AddAcceptorTo(&l, r); }
inline L4_Acceptor_t operator-=(L4_Acceptor_t& l, const L4_Acceptor_t& r) {
  return L4_RemoveAcceptorFrom(&l, r);
}
L4_INLINE L4_Bool_t L4_StringItems(L4_Acceptor_t a) { return L4_HasStringItems(a); }
L4_INLINE L4_Bool_t L4_MapGrantItems(L4_Acceptor_t a) { return L4_HasMapGrantItems(a); }
L4_INLINE void L4_Clear(L4_MsgBuffer_t* b) { L4_MsgBufferClear(b); }
L4_INLINE void L4_Append(L4_MsgBuffer_t* b, L4_StringItem_t s) { L4_MsgBufferAppendSimpleRcvString(b, s); }
L4_INLINE void L4_Append(L4_MsgBuffer_t* b, L4_StringItem_t* s) { L4_MsgBufferAppendRcvString(b, s); }
L4_INLINE void L4_Accept(L4_Acceptor_t a, const L4_MsgBuffer_t* b) { L4_AcceptStrings(a, b); }
#endif

#endif
