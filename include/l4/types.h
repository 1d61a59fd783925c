// SPDX-License-Identifier: MIT
// The basic types of L4 X.2 on x86-64: words, errors, thread ids and the clock.
// Flexpages and times have headers of their own, included at the end.
//
// Every name and its meaning is that of the L4 X.2 reference manual; "manual"
// in these headers means that text. All headers work in C (C99) and C++, need
// no library, and keep the names of the manual: types end in _t.
#ifndef L4_TYPES_H
#define L4_TYPES_H

#if !defined(__x86_64__)
#error "these headers bind L4 X.2 on x86-64 only"
#endif

#define L4_ARCH_AMD64 1
#define L4_64BIT 1
#define L4_LITTLE_ENDIAN 1

#define L4_INLINE static inline __attribute__((always_inline, unused))

#if defined(__cplusplus)
#define L4_LITERAL(type, ...) (type{__VA_ARGS__})
#define L4_POINTER_CAST(type, value) (reinterpret_cast<type>(value))
#define L4_VALUE_CAST(type, value) (static_cast<type>(value))
#else
#define L4_LITERAL(type, ...) ((type){__VA_ARGS__})
#define L4_POINTER_CAST(type, value) ((type)(value))
#define L4_VALUE_CAST(type, value) ((type)(value))
#endif

// Words: 64 bits, the size of a message register and of a general register.
typedef unsigned long L4_Word_t;
typedef long L4_SignedWord_t;
typedef unsigned char L4_Word8_t;
typedef unsigned short L4_Word16_t;
typedef unsigned int L4_Word32_t;
typedef unsigned long L4_Word64_t;
// A truth value: 0 is false, anything else true.
typedef L4_Word_t L4_Bool_t;

#define L4_BITS_PER_WORD 64

// --- Errors (manual: ErrorCode; 2.3, 2.4, 3.5, 4.3, 6.3, 6.4) -----------------
// What L4_ErrorCode() holds after a system call other than Ipc has reported
// failure. The codes of Ipc are in ipc.h.

#define L4_ErrOk 0                // no error
#define L4_ErrNoPrivilege 1       // the caller's space is not privileged for this call
#define L4_ErrInvalidThread 2     // no such thread, or not one that the call may name
#define L4_ErrInvalidSpace 3      // the space specifier names no (initialised) space
#define L4_ErrInvalidScheduler 4  // the scheduler does not exist
#define L4_ErrInvalidParam 5      // another argument is out of its range
#define L4_ErrUtcbArea 6          // bad UTCB area or UTCB location, or one in use
#define L4_ErrKipArea 7           // bad area for the kernel interface page
#define L4_ErrNoMem 8             // the kernel has no memory left for it

// --- Thread ids (manual: 2.1 ThreadId) ----------------------------------------

// A global id: valid in every space. The version is never a multiple of 64, or
// the word would read as a local id.
typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t version : 32;
    L4_Word_t thread_no : 32;
  } X;
} L4_GthreadId_t;

// A local id: the address of message register 0 of a thread of the same space.
typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t zeros : 6;
    L4_Word_t local_id : 58;
  } X;
} L4_LthreadId_t;

typedef union {
  L4_Word_t raw;
  L4_GthreadId_t global;
  L4_LthreadId_t local;
} L4_ThreadId_t;

// No thread; in Ipc: no such phase.
#define L4_nilthread L4_LITERAL(L4_ThreadId_t, .raw = 0)
// As the source of a receive: whoever sends.
#define L4_anythread L4_LITERAL(L4_ThreadId_t, .raw = ~0UL)
// As the source of a receive: whoever sends from the receiver's own space.
#define L4_anylocalthread L4_LITERAL(L4_ThreadId_t, .raw = ~0x3fUL)

// L4_GlobalId: the global id made of its two parts.
//   threadno  0 .. 2^t - 1, t as L4_ThreadIdBits(); interrupts have the lowest
//             numbers, see L4_ThreadIdSystemBase() and L4_ThreadIdUserBase()
//   version   1 .. 2^32 - 1 with one of the low six bits set; interrupts: 1
// Cannot fail; whether such a thread exists is for the kernel to say.
L4_INLINE L4_ThreadId_t L4_GlobalId(L4_Word_t threadno, L4_Word_t version) {
  return L4_LITERAL(L4_ThreadId_t, .raw = threadno << 32 | (version & 0xffffffffUL));
}

// L4_Version, L4_ThreadNo: the two parts of a global id; meaningless for others.
L4_INLINE L4_Word_t L4_Version(L4_ThreadId_t t) { return t.raw & 0xffffffffUL; }
L4_INLINE L4_Word_t L4_ThreadNo(L4_ThreadId_t t) { return t.raw >> 32; }

// L4_IsThreadEqual, L4_IsThreadNotEqual: are the two words the same? A local and
// a global id of one thread are different words; L4_SameThreads (thread.h) asks
// the kernel.
L4_INLINE L4_Bool_t L4_IsThreadEqual(L4_ThreadId_t l, L4_ThreadId_t r) { return l.raw == r.raw; }
L4_INLINE L4_Bool_t L4_IsThreadNotEqual(L4_ThreadId_t l, L4_ThreadId_t r) { return l.raw != r.raw; }

// L4_IsNilThread: is it L4_nilthread?
L4_INLINE L4_Bool_t L4_IsNilThread(L4_ThreadId_t t) { return t.raw == 0; }

// L4_IsLocalId, L4_IsGlobalId: the form of the id by its low six bits, which are
// zero in local ids (and in L4_nilthread and L4_anylocalthread).
L4_INLINE L4_Bool_t L4_IsLocalId(L4_ThreadId_t t) { return (t.raw & 0x3f) == 0; }
L4_INLINE L4_Bool_t L4_IsGlobalId(L4_ThreadId_t t) { return (t.raw & 0x3f) != 0; }

// --- Clock (manual: 3.1 Clock) -------------------------------------------------

// Microseconds since a moment before the first thread ran.
typedef union {
  L4_Word64_t raw;
  struct {
    L4_Word32_t low;
    L4_Word32_t high;
  } X;
} L4_Clock_t;

// L4_ClockAddUsec, L4_ClockSubUsec: the clock r microseconds later or earlier,
// modulo 2^64.
L4_INLINE L4_Clock_t L4_ClockAddUsec(L4_Clock_t c, L4_Word64_t r) {
  return L4_LITERAL(L4_Clock_t, .raw = c.raw + r);
}
L4_INLINE L4_Clock_t L4_ClockSubUsec(L4_Clock_t c, L4_Word64_t r) {
  return L4_LITERAL(L4_Clock_t, .raw = c.raw - r);
}

// Comparison of two clock values.
L4_INLINE L4_Bool_t L4_IsClockEarlier(L4_Clock_t l, L4_Clock_t r) { return l.raw < r.raw; }
L4_INLINE L4_Bool_t L4_IsClockLater(L4_Clock_t l, L4_Clock_t r) { return l.raw > r.raw; }
L4_INLINE L4_Bool_t L4_IsClockEqual(L4_Clock_t l, L4_Clock_t r) { return l.raw == r.raw; }
L4_INLINE L4_Bool_t L4_IsClockNotEqual(L4_Clock_t l, L4_Clock_t r) { return l.raw != r.raw; }

#if defined(__cplusplus)
// The operators of the manual's C++ binding; they mean what the functions above do.
inline bool operator==(const L4_ThreadId_t& l, const L4_ThreadId_t& r) { return l.raw == r.raw; }
inline bool operator!=(const L4_ThreadId_t& l, const L4_ThreadId_t& r) { return l.raw != r.raw; }
inline L4_Clock_t operator+(const L4_Clock_t& c, L4_Word64_t r) { return L4_ClockAddUsec(c, r); }
inline L4_Clock_t operator-(const L4_Clock_t& c, L4_Word64_t r) { return L4_ClockSubUsec(c, r); }
inline L4_Clock_t operator+(const L4_Clock_t& c, int r) {
  return L4_ClockAddUsec(c, static_cast<L4_Word64_t>(static_cast<L4_SignedWord_t>(r)));
}
inline L4_Clock_t operator-(const L4_Clock_t& c, int r) {
  return L4_ClockSubUsec(c, static_cast<L4_Word64_t>(static_cast<L4_SignedWord_t>(r)));
}
inline L4_Clock_t operator+(const L4_Clock_t& c, const L4_Clock_t& r) { return L4_ClockAddUsec(c, r.raw); }
inline L4_Clock_t operator-(const L4_Clock_t& c, const L4_Clock_t& r) { return L4_ClockSubUsec(c, r.raw); }
inline bool operator==(const L4_Clock_t& l, const L4_Clock_t& r) { return l.raw == r.raw; }
inline bool operator!=(const L4_Clock_t& l, const L4_Clock_t& r) { return l.raw != r.raw; }
inline bool operator<(const L4_Clock_t& l, const L4_Clock_t& r) { return l.raw < r.raw; }
inline bool operator>(const L4_Clock_t& l, const L4_Clock_t& r) { return l.raw > r.raw; }
inline bool operator<=(const L4_Clock_t& l, const L4_Clock_t& r) { return l.raw <= r.raw; }
inline bool operator>=(const L4_Clock_t& l, const L4_Clock_t& r) { return l.raw >= r.raw; }
#endif

#include "fpage.h"
#include "time.h"

#endif
