// SPDX-License-Identifier: MIT
// Flexpages (manual: 4.1 Fpage): regions of an address space, or of the I/O
// ports, of a power-of-two size and aligned to it, with access rights.
#ifndef L4_FPAGE_H
#define L4_FPAGE_H

#include "types.h"

// X.rwx rights, X.s log2 of the size, X.b base / 1024.
typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t rwx : 3;
    L4_Word_t reserved : 1;
    L4_Word_t s : 6;
    L4_Word_t b : 54;
  } X;
} L4_Fpage_t;

// Access rights. Mica tells all three apart: code needs L4_eXecutable.
#define L4_NoAccess 0x0UL
#define L4_eXecutable 0x1UL
#define L4_Writable 0x2UL
#define L4_Readable 0x4UL
#define L4_ReadeXecOnly 0x5UL
#define L4_ReadWriteOnly 0x6UL
#define L4_FullyAccessible 0x7UL

// No page at all, and all pages of a space; both without rights.
#define L4_Nilpage L4_LITERAL(L4_Fpage_t, .raw = 0)
#define L4_CompleteAddressSpace L4_LITERAL(L4_Fpage_t, .raw = 0x10)

// The smallest flexpage of memory, 4 KiB.
#define L4_MinFpageSizeLog2 12

// L4_IsNilFpage: is it L4_Nilpage (rights not looked at)?
L4_INLINE L4_Bool_t L4_IsNilFpage(L4_Fpage_t f) { return (f.raw & ~0xfUL) == 0; }

// L4_FpageLog2: the flexpage of 2^log2_size bytes that holds base_address.
//   base_address  any address; rounded down to the size
//   log2_size     12 .. 47; other sizes make a flexpage that the kernel ignores
// The result has no rights; add them with L4_FpageAddRights.
L4_INLINE L4_Fpage_t L4_FpageLog2(L4_Word_t base_address, int log2_size) {
  L4_Word_t s = L4_VALUE_CAST(L4_Word_t, log2_size) & 0x3f;
  return L4_LITERAL(L4_Fpage_t, .raw = (base_address & ~((1UL << s) - 1) & ~0x3ffUL) | s << 4);
}

// L4_Fpage: the same with the size in bytes, rounded up to a power of two.
//   fpage_size  1 .. 2^63 bytes; 0 gives L4_Nilpage
L4_INLINE L4_Fpage_t L4_Fpage(L4_Word_t base_address, L4_Word_t fpage_size) {
  if (fpage_size == 0) return L4_Nilpage;
  if (fpage_size == 1) return L4_FpageLog2(base_address, 0);
  return L4_FpageLog2(base_address, 64 - __builtin_clzl(fpage_size - 1));
}

// L4_IsIoFpage: does it name I/O ports rather than memory?
L4_INLINE L4_Bool_t L4_IsIoFpage(L4_Fpage_t f) { return (f.raw >> 4 & 0x3f) == 2; }

// L4_IoFpageLog2: 2^log2_size I/O ports from base_port on.
//   base_port  0 .. 0xffff, rounded down to the size
//   log2_size  0 .. 16
// The result has no rights; L4_ReadWriteOnly is the useful value.
L4_INLINE L4_Fpage_t L4_IoFpageLog2(L4_Word_t base_port, int log2_size) {
  L4_Word_t s = L4_VALUE_CAST(L4_Word_t, log2_size) & 0x3f;
  L4_Word_t base = base_port & 0xffff & ~((1UL << s) - 1);
  return L4_LITERAL(L4_Fpage_t, .raw = base << 16 | s << 10 | 2UL << 4);
}

// L4_IoFpage: the same with the number of ports, rounded up to a power of two.
//   ports  1 .. 65536; 0 gives L4_Nilpage
L4_INLINE L4_Fpage_t L4_IoFpage(L4_Word_t base_port, L4_Word_t ports) {
  if (ports == 0) return L4_Nilpage;
  return L4_IoFpageLog2(base_port, ports == 1 ? 0 : 64 - __builtin_clzl(ports - 1));
}

// L4_IoFpagePort, L4_IoFpageSizeLog2, L4_IoFpageSize: first port, log2 of the number of
// ports and that number, of an I/O flexpage; meaningless for memory.
L4_INLINE L4_Word_t L4_IoFpagePort(L4_Fpage_t f) { return f.raw >> 16 & 0xffff; }
L4_INLINE L4_Word_t L4_IoFpageSizeLog2(L4_Fpage_t f) { return f.raw >> 10 & 0x3f; }
L4_INLINE L4_Word_t L4_IoFpageSize(L4_Fpage_t f) { return 1UL << L4_IoFpageSizeLog2(f); }

// L4_SizeLog2, L4_Size, L4_Address: size and first address of a memory flexpage,
// in bytes. The complete address space answers 1, 2 and 0, a nil page 0, 0, 0.
L4_INLINE L4_Word_t L4_SizeLog2(L4_Fpage_t f) { return f.raw >> 4 & 0x3f; }
L4_INLINE L4_Word_t L4_Size(L4_Fpage_t f) { return L4_SizeLog2(f) == 0 ? 0 : 1UL << L4_SizeLog2(f); }
L4_INLINE L4_Word_t L4_Address(L4_Fpage_t f) {
  return f.raw & ~0x3ffUL & ~((1UL << L4_SizeLog2(f)) - 1);
}

// L4_Rights: the rights of a flexpage, as an or of the constants above.
L4_INLINE L4_Word_t L4_Rights(L4_Fpage_t f) { return f.raw & 7; }

// The functions below change rights only (rwx: 0 .. 7, other bits ignored). Those
// that end in "To", "From" or begin with "Set" change *f and return it as well.
L4_INLINE L4_Fpage_t L4_Set_Rights(L4_Fpage_t* f, L4_Word_t rwx) {
  f->raw = (f->raw & ~7UL) | (rwx & 7);
  return *f;
}
L4_INLINE L4_Fpage_t L4_FpageAddRights(L4_Fpage_t f, L4_Word_t rwx) {
  return L4_LITERAL(L4_Fpage_t, .raw = f.raw | (rwx & 7));
}
L4_INLINE L4_Fpage_t L4_FpageAddRightsTo(L4_Fpage_t* f, L4_Word_t rwx) {
  f->raw |= rwx & 7;
  return *f;
}
L4_INLINE L4_Fpage_t L4_FpageRemoveRights(L4_Fpage_t f, L4_Word_t rwx) {
  return L4_LITERAL(L4_Fpage_t, .raw = f.raw & ~(rwx & 7));
}
L4_INLINE L4_Fpage_t L4_FpageRemoveRightsFrom(L4_Fpage_t* f, L4_Word_t rwx) {
  f->raw &= ~(rwx & 7);
  return *f;
}

#if defined(__cplusplus)
// f + rights, f - rights: the manual's operators for the functions above.
inline L4_Fpage_t operator+(const L4_Fpage_t& f, L4_Word_t rwx) { return L4_FpageAddRights(f, rwx); }
inline L4_Fpage_t operator-(const L4_Fpage_t& f, L4_Word_t rwx) { return L4_FpageRemoveRights(f, rwx); }
inline L4_Fpage_t operator+=(L4_Fpage_t& f, L4_Word_t rwx) { return L4_FpageAddRightsTo(&f, rwx); }
inline L4_Fpage_t operator-=(L4_Fpage_t& f, L4_Word_t rwx) { return L4_FpageRemoveRightsFrom(&f, rwx); }
#endif

#endif
