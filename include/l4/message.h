// SPDX-License-Identifier: MIT
// Messages (manual: 5.1 Messages and Message Registers): the tag, the 64 message
// registers, and message objects in which to prepare a message. Nothing here
// enters the kernel or can fail; arguments out of range are the caller's fault
// and overwrite what lies behind.
#ifndef L4_MESSAGE_H
#define L4_MESSAGE_H

#include "arch.h"
#include "items.h"

#define L4_NumMRs 64
#define L4_NumBRs 33
// The names that existing X.2 sources use for the two.
#define __L4_NUM_MRS L4_NumMRs
#define __L4_NUM_BRS L4_NumBRs

// --- The tag -----------------------------------------------------------------

// Message register 0: u untyped words from register 1 on, then t words of typed
// items; u + t is at most 63. The label is the sender's.
typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t u : 6;
    L4_Word_t t : 6;
    L4_Word_t flags : 4;
    L4_Word_t label : 48;
  } X;
} L4_MsgTag_t;

// An empty message with label 0.
#define L4_Niltag L4_LITERAL(L4_MsgTag_t, .raw = 0)

// L4_IsMsgTagEqual, L4_IsMsgTagNotEqual: compares all bits.
L4_INLINE L4_Bool_t L4_IsMsgTagEqual(L4_MsgTag_t l, L4_MsgTag_t r) { return l.raw == r.raw; }
L4_INLINE L4_Bool_t L4_IsMsgTagNotEqual(L4_MsgTag_t l, L4_MsgTag_t r) { return l.raw != r.raw; }

// L4_Label: 48 bits. L4_UntypedWords, L4_TypedWords: 0 .. 63.
L4_INLINE L4_Word_t L4_Label(L4_MsgTag_t t) { return t.raw >> 16; }
L4_INLINE L4_Word_t L4_UntypedWords(L4_MsgTag_t t) { return t.raw & 0x3f; }
L4_INLINE L4_Word_t L4_TypedWords(L4_MsgTag_t t) { return t.raw >> 6 & 0x3f; }

// L4_Set_Label, L4_MsgTagAddLabelTo: replace the label of *t. L4_MsgTagAddLabel:
// t with another label.
L4_INLINE void L4_Set_Label(L4_MsgTag_t* t, L4_Word_t label) { t->raw = (t->raw & 0xffff) | label << 16; }
L4_INLINE L4_MsgTag_t L4_MsgTagAddLabel(L4_MsgTag_t t, int label) {
  L4_Set_Label(&t, L4_VALUE_CAST(L4_Word_t, label));
  return t;
}
L4_INLINE L4_MsgTag_t L4_MsgTagAddLabelTo(L4_MsgTag_t* t, int label) {
  L4_Set_Label(t, L4_VALUE_CAST(L4_Word_t, label));
  return *t;
}

// --- Message registers -----------------------------------------------------------
// A receive changes register 0 to u + t of the message that arrived; registers 1
// to 7 are undefined when the message was shorter, and a send may change them.

// L4_LoadMR: register i (0 .. 63) = w. L4_StoreMR: *w = register i.
L4_INLINE void L4_LoadMR(int i, L4_Word_t w) { l4_utcb()[i] = w; }
L4_INLINE void L4_StoreMR(int i, L4_Word_t* w) { *w = l4_utcb()[i]; }

// L4_LoadMRs: k registers from i on = w[0] .. w[k - 1]; i + k at most 64.
// L4_StoreMRs: the other direction.
L4_INLINE void L4_LoadMRs(int i, int k, const L4_Word_t* w) {
  L4_Word_t* mr = l4_utcb() + i;
  int n;
  for (n = 0; n < k; ++n) mr[n] = w[n];
}
L4_INLINE void L4_StoreMRs(int i, int k, L4_Word_t* w) {
  const L4_Word_t* mr = l4_utcb() + i;
  int n;
  for (n = 0; n < k; ++n) w[n] = mr[n];
}

// L4_MsgTag, L4_Set_MsgTag: register 0 as a tag.
L4_INLINE L4_MsgTag_t L4_MsgTag(void) { return L4_LITERAL(L4_MsgTag_t, .raw = l4_utcb()[0]); }
L4_INLINE void L4_Set_MsgTag(L4_MsgTag_t t) { l4_utcb()[0] = t.raw; }

// --- Message objects -------------------------------------------------------------

// A message in ordinary memory: word 0 is the tag.
typedef union {
  L4_Word_t raw[L4_NumMRs];
  L4_Word_t msg[L4_NumMRs];
  L4_MsgTag_t tag;
} L4_Msg_t;

// l4_msg_end: index of the first free word. l4_msg_count: adds to u and t.
L4_INLINE L4_Word_t l4_msg_end(const L4_Msg_t* msg) {
  return 1 + L4_UntypedWords(msg->tag) + L4_TypedWords(msg->tag);
}
L4_INLINE void l4_msg_count(L4_Msg_t* msg, L4_Word_t u, L4_Word_t t) { msg->raw[0] += u + (t << 6); }

// L4_MsgClear: an empty message with label 0.
L4_INLINE void L4_MsgClear(L4_Msg_t* msg) { msg->raw[0] = 0; }

// L4_MsgMsgTag, L4_Set_MsgMsgTag: the tag. L4_MsgLabel, L4_Set_MsgLabel: its label.
L4_INLINE L4_MsgTag_t L4_MsgMsgTag(const L4_Msg_t* msg) { return msg->tag; }
L4_INLINE void L4_Set_MsgMsgTag(L4_Msg_t* msg, L4_MsgTag_t t) { msg->tag = t; }
L4_INLINE L4_Word_t L4_MsgLabel(const L4_Msg_t* msg) { return L4_Label(msg->tag); }
L4_INLINE void L4_Set_MsgLabel(L4_Msg_t* msg, L4_Word_t label) { L4_Set_Label(&msg->tag, label); }

// L4_MsgLoad: copies the message to the message registers, ready to be sent.
// L4_MsgStore: copies the message that arrived with tag t out of them.
L4_INLINE void L4_MsgLoad(const L4_Msg_t* msg) {
  L4_LoadMRs(0, L4_VALUE_CAST(int, l4_msg_end(msg)), msg->raw);
}
L4_INLINE void L4_MsgStore(L4_MsgTag_t t, L4_Msg_t* msg) {
  L4_Word_t n = L4_UntypedWords(t) + L4_TypedWords(t);
  msg->tag = t;
  L4_StoreMRs(1, L4_VALUE_CAST(int, n > 63 ? 63 : n), msg->raw + 1);
}

// L4_MsgPut: a whole message at once: u untyped words and t words of typed items.
// L4_MsgGet: takes it apart again; the arrays must have room for u and t words.
L4_INLINE void L4_MsgPut(L4_Msg_t* msg, L4_Word_t label, int u, const L4_Word_t* untyped, int t,
                         const void* items) {
  int i;
  for (i = 0; i < u; ++i) msg->raw[1 + i] = untyped[i];
  for (i = 0; i < t; ++i) msg->raw[1 + u + i] = L4_POINTER_CAST(const L4_Word_t*, items)[i];
  msg->raw[0] = label << 16 | L4_VALUE_CAST(L4_Word_t, t) << 6 | L4_VALUE_CAST(L4_Word_t, u);
}
L4_INLINE void L4_MsgGet(const L4_Msg_t* msg, L4_Word_t* untyped, void* items) {
  L4_Word_t i, u = L4_UntypedWords(msg->tag), t = L4_TypedWords(msg->tag);
  for (i = 0; i < u; ++i) untyped[i] = msg->raw[1 + i];
  for (i = 0; i < t; ++i) L4_POINTER_CAST(L4_Word_t*, items)[i] = msg->raw[1 + u + i];
}

// L4_MsgAppendWord: one more untyped word, before the typed items if there are any.
L4_INLINE void L4_MsgAppendWord(L4_Msg_t* msg, L4_Word_t w) {
  L4_Word_t i, at = 1 + L4_UntypedWords(msg->tag);
  for (i = l4_msg_end(msg); i > at; --i) msg->raw[i] = msg->raw[i - 1];
  msg->raw[at] = w;
  l4_msg_count(msg, 1, 0);
}

// L4_MsgAppendMapItem, ...GrantItem, ...SimpleStringItem, ...StringItem: one more
// typed item at the end; the last one with all descriptors of a compound string.
L4_INLINE void l4_msg_append_pair(L4_Msg_t* msg, L4_Word_t word0, L4_Word_t word1) {
  L4_Word_t end = l4_msg_end(msg);
  msg->raw[end] = word0;
  msg->raw[end + 1] = word1;
  l4_msg_count(msg, 0, 2);
}
L4_INLINE void L4_MsgAppendMapItem(L4_Msg_t* msg, L4_MapItem_t m) {
  l4_msg_append_pair(msg, m.raw[0], m.raw[1]);
}
L4_INLINE void L4_MsgAppendGrantItem(L4_Msg_t* msg, L4_GrantItem_t g) {
  l4_msg_append_pair(msg, g.raw[0], g.raw[1]);
}
L4_INLINE void L4_MsgAppendSimpleStringItem(L4_Msg_t* msg, L4_StringItem_t s) {
  l4_msg_append_pair(msg, s.raw[0] & ~0x3f0UL, s.raw[1]);
}
L4_INLINE void L4_MsgAppendStringItem(L4_Msg_t* msg, L4_StringItem_t* s) {
  L4_Word_t i, end = l4_msg_end(msg), n = l4_string_words(s, L4_POINTER_CAST(L4_StringItem_t**, 0));
  for (i = 0; i < n; ++i) msg->raw[end + i] = L4_POINTER_CAST(const L4_Word_t*, s)[i];
  l4_msg_count(msg, 0, n);
}

// L4_MsgWord: untyped word u, counted from 0. L4_MsgPutWord replaces it.
L4_INLINE L4_Word_t L4_MsgWord(const L4_Msg_t* msg, L4_Word_t u) { return msg->raw[1 + u]; }
L4_INLINE void L4_MsgPutWord(L4_Msg_t* msg, L4_Word_t u, L4_Word_t w) { msg->raw[1 + u] = w; }

// L4_MsgPut...Item: replaces the item at word t of the typed part, counted from 0.
// L4_MsgGet...Item: reads it; the result is the number of its words.
L4_INLINE void L4_MsgPutMapItem(L4_Msg_t* msg, L4_Word_t t, L4_MapItem_t m) {
  L4_Word_t at = 1 + L4_UntypedWords(msg->tag) + t;
  msg->raw[at] = m.raw[0];
  msg->raw[at + 1] = m.raw[1];
}
L4_INLINE void L4_MsgPutGrantItem(L4_Msg_t* msg, L4_Word_t t, L4_GrantItem_t g) {
  L4_Word_t at = 1 + L4_UntypedWords(msg->tag) + t;
  msg->raw[at] = g.raw[0];
  msg->raw[at + 1] = g.raw[1];
}
L4_INLINE void L4_MsgPutSimpleStringItem(L4_Msg_t* msg, L4_Word_t t, L4_StringItem_t s) {
  L4_Word_t at = 1 + L4_UntypedWords(msg->tag) + t;
  msg->raw[at] = s.raw[0] & ~0x3f0UL;
  msg->raw[at + 1] = s.raw[1];
}
L4_INLINE L4_Word_t L4_MsgGetMapItem(const L4_Msg_t* msg, L4_Word_t t, L4_MapItem_t* m) {
  L4_Word_t at = 1 + L4_UntypedWords(msg->tag) + t;
  m->raw[0] = msg->raw[at];
  m->raw[1] = msg->raw[at + 1];
  return 2;
}
L4_INLINE L4_Word_t L4_MsgGetGrantItem(const L4_Msg_t* msg, L4_Word_t t, L4_GrantItem_t* g) {
  L4_Word_t at = 1 + L4_UntypedWords(msg->tag) + t;
  g->raw[0] = msg->raw[at];
  g->raw[1] = msg->raw[at + 1];
  return 2;
}
L4_INLINE L4_Word_t L4_MsgGetStringItem(const L4_Msg_t* msg, L4_Word_t t, L4_StringItem_t* s) {
  L4_Word_t at = 1 + L4_UntypedWords(msg->tag) + t;
  s->raw[0] = msg->raw[at];
  s->raw[1] = msg->raw[at + 1];
  return L4_Substrings(s) + 1;
}

#if defined(__cplusplus)
// The shorter names and operators of the manual's C++ binding.
inline bool operator==(const L4_MsgTag_t& l, const L4_MsgTag_t& r) { return l.raw == r.raw; }
inline bool operator!=(const L4_MsgTag_t& l, const L4_MsgTag_t& r) { return l.raw != r.raw; }
inline L4_MsgTag_t operator+(const L4_MsgTag_t& t, int label) { return L4_MsgTagAddLabel(t, label); }
inline L4_MsgTag_t operator+=(L4_MsgTag_t& t, int label) { return L4_MsgTagAddLabelTo(&t, label); }
L4_INLINE void L4_Clear(L4_Msg_t* msg) { L4_MsgClear(msg); }
L4_INLINE void L4_Load(const L4_Msg_t* msg) { L4_MsgLoad(msg); }
L4_INLINE void L4_Store(L4_MsgTag_t t, L4_Msg_t* msg) { L4_MsgStore(t, msg); }
L4_INLINE L4_MsgTag_t L4_MsgTag(const L4_Msg_t* msg) { return msg->tag; }
L4_INLINE void L4_Set_MsgTag(L4_Msg_t* msg, L4_MsgTag_t t) { msg->tag = t; }
L4_INLINE L4_Word_t L4_Label(const L4_Msg_t* msg) { return L4_MsgLabel(msg); }
L4_INLINE void L4_Set_Label(L4_Msg_t* msg, L4_Word_t label) { L4_Set_MsgLabel(msg, label); }
L4_INLINE void L4_Append(L4_Msg_t* msg, L4_Word_t w) { L4_MsgAppendWord(msg, w); }
L4_INLINE void L4_Append(L4_Msg_t* msg, L4_MapItem_t m) { L4_MsgAppendMapItem(msg, m); }
L4_INLINE void L4_Append(L4_Msg_t* msg, L4_GrantItem_t g) { L4_MsgAppendGrantItem(msg, g); }
L4_INLINE void L4_Append(L4_Msg_t* msg, L4_StringItem_t s) { L4_MsgAppendSimpleStringItem(msg, s); }
L4_INLINE void L4_Append(L4_Msg_t* msg, L4_StringItem_t* s) { L4_MsgAppendStringItem(msg, s); }
L4_INLINE void L4_Put(L4_Msg_t* msg, L4_Word_t label, int u, const L4_Word_t* untyped, int t,
                      const void* items) {
  L4_MsgPut(msg, label, u, untyped, t, items);
}
L4_INLINE void L4_Get(const L4_Msg_t* msg, L4_Word_t* untyped, void* items) {
  L4_MsgGet(msg, untyped, items);
}
L4_INLINE L4_Word_t L4_Get(const L4_Msg_t* msg, L4_Word_t u) { return L4_MsgWord(msg, u); }
L4_INLINE L4_Word_t L4_Word(const L4_Msg_t* msg, L4_Word_t u) { return L4_MsgWord(msg, u); }
#endif

#include "buffers.h"

#endif
