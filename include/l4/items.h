// SPDX-License-Identifier: MIT
// Typed items of messages (manual: 5.2 MapItem, 5.3 GrantItem, 5.4 StringItem).
// These functions only build and take apart words; nothing can fail before the
// message is sent.
#ifndef L4_ITEMS_H
#define L4_ITEMS_H

#include "types.h"

// --- Map and grant items -------------------------------------------------------

// Bits 1-3 of the first word.
#define L4_ItemMap 4UL
#define L4_ItemGrant 5UL

typedef union {
  L4_Word_t raw[2];
  struct {
    L4_Word_t C : 1;
    L4_Word_t type : 3;
    L4_Word_t zeros : 6;
    L4_Word_t snd_base : 54;
    L4_Fpage_t snd_fpage;
  } X;
} L4_MapItem_t;

typedef union {
  L4_Word_t raw[2];
  struct {
    L4_Word_t C : 1;
    L4_Word_t type : 3;
    L4_Word_t zeros : 6;
    L4_Word_t snd_base : 54;
    L4_Fpage_t snd_fpage;
  } X;
} L4_GrantItem_t;

// L4_MapItem: the sender's pages in f shall be mapped to the receiver, with the
// rights of f that the sender has itself.
//   f         memory, or I/O ports (their snd_base does not matter)
//   snd_base  which part of the larger of f and the receive window takes part,
//             as an address modulo its size; a multiple of 1024
// When the message is sent: pages that the sender does not have are left out;
// error 4 when the receiver takes no mappings or the kernel has no memory.
L4_INLINE L4_MapItem_t L4_MapItem(L4_Fpage_t f, L4_Word_t snd_base) {
  L4_MapItem_t item;
  item.raw[0] = (snd_base & ~0x3ffUL) | L4_ItemMap << 1;
  item.raw[1] = f.raw;
  return item;
}

// L4_GrantItem: the same, and the sender loses the pages.
L4_INLINE L4_GrantItem_t L4_GrantItem(L4_Fpage_t f, L4_Word_t snd_base) {
  L4_GrantItem_t item;
  item.raw[0] = (snd_base & ~0x3ffUL) | L4_ItemGrant << 1;
  item.raw[1] = f.raw;
  return item;
}

// Is it an item of that kind, and its two parts.
L4_INLINE L4_Bool_t L4_IsMapItem(L4_MapItem_t m) { return (m.raw[0] >> 1 & 7) == L4_ItemMap; }
L4_INLINE L4_Fpage_t L4_MapItemSndFpage(L4_MapItem_t m) { return L4_LITERAL(L4_Fpage_t, .raw = m.raw[1]); }
L4_INLINE L4_Word_t L4_MapItemSndBase(L4_MapItem_t m) { return m.raw[0] & ~0x3ffUL; }
L4_INLINE L4_Bool_t L4_IsGrantItem(L4_GrantItem_t g) { return (g.raw[0] >> 1 & 7) == L4_ItemGrant; }
L4_INLINE L4_Fpage_t L4_GrantItemSndFpage(L4_GrantItem_t g) {
  return L4_LITERAL(L4_Fpage_t, .raw = g.raw[1]);
}
L4_INLINE L4_Word_t L4_GrantItemSndBase(L4_GrantItem_t g) { return g.raw[0] & ~0x3ffUL; }

// --- String items ----------------------------------------------------------------
// A string of memory, copied by the kernel. A descriptor has a length and one or
// more pointers, each to a substring of that length; a compound string is a
// chain of descriptors that follow one another in memory. What is declared here
// has room for one pointer: longer ones live in an array of words.

typedef union {
  L4_Word_t raw[2];
  struct {
    L4_Word_t C : 1;     // another item follows (receive buffers only)
    L4_Word_t type : 3;  // 0-3, a hint for the cache
    L4_Word_t j : 5;     // pointers - 1
    L4_Word_t c : 1;     // the string goes on in the next descriptor
    L4_Word_t string_length : 54;
    union {
      void* string_ptr;
      void* substring_ptr[1];
    } str;
  } X;
} L4_StringItem_t;

// L4_StringItem: one string of `size` bytes (0 .. 2^54 - 1) at `address`.
// When sent: error 4 if the receiver takes no strings or its buffer is shorter,
// errors 5, 6 and 7 as ipc.h says.
L4_INLINE L4_StringItem_t L4_StringItem(int size, void* address) {
  L4_StringItem_t item;
  item.raw[0] = L4_VALUE_CAST(L4_Word_t, size) << 10;
  item.X.str.string_ptr = address;
  return item;
}

// L4_IsStringItem: is it a string item? L4_CompoundString: does it go on in the
// next descriptor? L4_Substrings: pointers of this descriptor, 1 .. 32.
// L4_Substring: pointer n, counted from 1.
L4_INLINE L4_Bool_t L4_IsStringItem(const L4_StringItem_t* s) { return (s->raw[0] & 8) == 0; }
L4_INLINE L4_Bool_t L4_CompoundString(const L4_StringItem_t* s) { return s->raw[0] >> 9 & 1; }
L4_INLINE L4_Word_t L4_Substrings(const L4_StringItem_t* s) { return (s->raw[0] >> 4 & 0x1f) + 1; }
L4_INLINE void* L4_Substring(const L4_StringItem_t* s, L4_Word_t n) {
  return L4_POINTER_CAST(void*, L4_POINTER_CAST(const L4_Word_t*, s)[n]);
}

// l4_string_words: words of the whole string, all its descriptors; *last, when
// not null, gets the last descriptor.
L4_INLINE L4_Word_t l4_string_words(L4_StringItem_t* s, L4_StringItem_t** last) {
  L4_Word_t* words = L4_POINTER_CAST(L4_Word_t*, s);
  L4_Word_t n = 0;
  for (;;) {
    L4_Word_t head = words[n];
    if (last) *last = L4_POINTER_CAST(L4_StringItem_t*, words + n);
    n += (head >> 4 & 0x1f) + 2;
    if ((head >> 9 & 1) == 0) return n;
  }
}

// L4_AddSubstringTo: makes *substr the continuation of the string *dest.
// There must be room for it behind dest. Returns where it was put.
L4_INLINE L4_StringItem_t* L4_AddSubstringTo(L4_StringItem_t* dest, L4_StringItem_t* substr) {
  L4_StringItem_t* last;
  L4_Word_t i, n = l4_string_words(substr, &last);
  L4_Word_t* end = L4_POINTER_CAST(L4_Word_t*, dest) + l4_string_words(dest, &last);
  last->raw[0] |= 1UL << 9;
  for (i = 0; i < n; ++i) end[i] = L4_POINTER_CAST(L4_Word_t*, substr)[i];
  return L4_POINTER_CAST(L4_StringItem_t*, end);
}

// L4_AddSubstringAddressTo: one more substring, of the length that the last
// descriptor of *dest has. At most 32 in a descriptor, and room for the pointer
// must follow it. Returns dest.
L4_INLINE L4_StringItem_t* L4_AddSubstringAddressTo(L4_StringItem_t* dest, void* address) {
  L4_StringItem_t* last;
  L4_Word_t* end = L4_POINTER_CAST(L4_Word_t*, dest) + l4_string_words(dest, &last);
  last->raw[0] += 1UL << 4;
  *end = L4_POINTER_CAST(L4_Word_t, address);
  return dest;
}

// Hints where a copied string should go in the caches; Mica ignores them.
typedef struct {
  L4_Word_t raw;
} L4_CacheAllocationHint_t;

#define L4_UseDefaultCacheAllocation L4_LITERAL(L4_CacheAllocationHint_t, .raw = 0)

// L4_CacheAllocationHint: the hint of an item; L4_AddCacheAllocationHintTo sets it.
L4_INLINE L4_CacheAllocationHint_t L4_CacheAllocationHint(L4_StringItem_t s) {
  return L4_LITERAL(L4_CacheAllocationHint_t, .raw = s.raw[0] & 6);
}
L4_INLINE L4_StringItem_t L4_AddCacheAllocationHintTo(L4_StringItem_t* s, L4_CacheAllocationHint_t h) {
  s->raw[0] |= h.raw & 6;
  return *s;
}

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE L4_Bool_t L4_MapItem(L4_MapItem_t m) { return L4_IsMapItem(m); }
L4_INLINE L4_Fpage_t L4_SndFpage(L4_MapItem_t m) { return L4_MapItemSndFpage(m); }
L4_INLINE L4_Word_t L4_SndBase(L4_MapItem_t m) { return L4_MapItemSndBase(m); }
L4_INLINE L4_Bool_t L4_GrantItem(L4_GrantItem_t g) { return L4_IsGrantItem(g); }
L4_INLINE L4_Fpage_t L4_SndFpage(L4_GrantItem_t g) { return L4_GrantItemSndFpage(g); }
L4_INLINE L4_Word_t L4_SndBase(L4_GrantItem_t g) { return L4_GrantItemSndBase(g); }
L4_INLINE L4_Bool_t L4_StringItem(const L4_StringItem_t* s) { return L4_IsStringItem(s); }
#endif

#endif
