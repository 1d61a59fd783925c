// SPDX-License-Identifier: MIT
// The boot information (manual: appendix on generic boot information): what the
// boot loader has loaded besides the kernel and the root tasks. It lies in
// physical memory at L4_BootInfo(kip); get its pages from sigma0 before looking.
// Nothing here enters the kernel; offsets in the records are trusted, check
// L4_BootInfo_Valid first.
#ifndef L4_BOOTINFO_H
#define L4_BOOTINFO_H

#include "types.h"

#define L4_BOOTINFO_MAGIC 0x14b0021dUL
#define L4_BOOTINFO_VERSION 1UL

#define L4_BootInfo_Module 0x0001UL      // a file as it is
#define L4_BootInfo_SimpleExec 0x0002UL  // a program put in place
#define L4_BootInfo_EFITables 0x0101UL
#define L4_BootInfo_Multiboot 0x0102UL

typedef struct {
  L4_Word_t magic;
  L4_Word_t version;
  L4_Word_t size;         // bytes, records included
  L4_Word_t first_entry;  // offset of the first record from here
  L4_Word_t num_entries;
  L4_Word_t reserved[3];
} L4_BootHeader_t;

// What all records begin with.
typedef struct {
  L4_Word_t type;
  L4_Word_t version;
  L4_Word_t offset_next;  // of the next record from this one
} L4_BootRec_t;

typedef struct {
  L4_BootRec_t head;
  L4_Word_t start;
  L4_Word_t size;
  L4_Word_t cmdline_offset;  // from the record; 0: none
} L4_Boot_Module_t;

typedef struct {
  L4_Word_t pstart;
  L4_Word_t vstart;
  L4_Word_t size;
} L4_Boot_Segment_t;

typedef struct {
  L4_BootRec_t head;
  L4_Boot_Segment_t text, data, bss;
  L4_Word_t initial_ip;
  L4_Word_t flags;
  L4_Word_t label;
  L4_Word_t cmdline_offset;
} L4_Boot_SimpleExec_t;

typedef struct {
  L4_BootRec_t head;
  L4_Word_t systab;
  L4_Word_t memmap;
  L4_Word_t memmap_size;
  L4_Word_t memdesc_size;
  L4_Word_t memdesc_version;
} L4_Boot_EFI_t;

typedef struct {
  L4_BootRec_t head;
  L4_Word_t address;
} L4_Boot_MBI_t;

// l4_boot_header: the boot information as a structure. l4_boot_at: what lies
// `offset` bytes behind an address.
L4_INLINE const L4_BootHeader_t* l4_boot_header(const void* info) {
  return L4_POINTER_CAST(const L4_BootHeader_t*, info);
}

L4_INLINE char* l4_boot_at(const void* base, L4_Word_t offset) {
  return L4_POINTER_CAST(char*, L4_POINTER_CAST(L4_Word_t, base) + offset);
}

// L4_BootInfo_Valid: is it boot information of a version that this header knows?
L4_INLINE L4_Bool_t L4_BootInfo_Valid(const void* info) {
  return l4_boot_header(info)->magic == L4_BOOTINFO_MAGIC &&
         l4_boot_header(info)->version == L4_BOOTINFO_VERSION;
}
// L4_BootInfo_Size: bytes of all of it. L4_BootInfo_Entries: number of records.
L4_INLINE L4_Word_t L4_BootInfo_Size(const void* info) { return l4_boot_header(info)->size; }
L4_INLINE L4_Word_t L4_BootInfo_Entries(const void* info) { return l4_boot_header(info)->num_entries; }
// L4_BootInfo_FirstEntry, L4_BootRec_Next: walk the records; count them, there is
// no mark at the end.
L4_INLINE L4_BootRec_t* L4_BootInfo_FirstEntry(const void* info) {
  return L4_POINTER_CAST(L4_BootRec_t*, l4_boot_at(info, l4_boot_header(info)->first_entry));
}
L4_INLINE L4_BootRec_t* L4_BootRec_Next(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(L4_BootRec_t*, l4_boot_at(r, r->offset_next));
}
// L4_BootRec_Type: one of the L4_BootInfo_ constants, or one unknown here.
L4_INLINE L4_Word_t L4_BootRec_Type(const L4_BootRec_t* r) { return r->type; }

// Parts of a record; only for records of the type that the name says. Addresses are
// physical; a command line is NUL-terminated, or empty when there is none.
L4_INLINE char* l4_boot_cmdline(const L4_BootRec_t* r, L4_Word_t offset) {
  static char none[1];
  return offset ? l4_boot_at(r, offset) : none;
}
L4_INLINE L4_Word_t L4_Module_Start(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(const L4_Boot_Module_t*, r)->start;
}
L4_INLINE L4_Word_t L4_Module_Size(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(const L4_Boot_Module_t*, r)->size;
}
L4_INLINE char* L4_Module_Cmdline(const L4_BootRec_t* r) {
  return l4_boot_cmdline(r, L4_POINTER_CAST(const L4_Boot_Module_t*, r)->cmdline_offset);
}

#define L4_SIMPLE_EXEC_PART(name, part)                                 \
  L4_INLINE L4_Word_t L4_SimpleExec_##name(const L4_BootRec_t* r) {     \
    return L4_POINTER_CAST(const L4_Boot_SimpleExec_t*, r)->part;       \
  }
L4_SIMPLE_EXEC_PART(TextPstart, text.pstart)
L4_SIMPLE_EXEC_PART(TextVstart, text.vstart)
L4_SIMPLE_EXEC_PART(TextSize, text.size)
L4_SIMPLE_EXEC_PART(DataPstart, data.pstart)
L4_SIMPLE_EXEC_PART(DataVstart, data.vstart)
L4_SIMPLE_EXEC_PART(DataSize, data.size)
L4_SIMPLE_EXEC_PART(BssPstart, bss.pstart)
L4_SIMPLE_EXEC_PART(BssVstart, bss.vstart)
L4_SIMPLE_EXEC_PART(BssSize, bss.size)
L4_SIMPLE_EXEC_PART(InitialIP, initial_ip)
L4_SIMPLE_EXEC_PART(Flags, flags)
L4_SIMPLE_EXEC_PART(Label, label)
// L4_SimpleExec_Set_Label, L4_SimpleExec_Set_Flags: two words for the root task's own
// use; the memory must be writable.
L4_INLINE void L4_SimpleExec_Set_Label(L4_BootRec_t* r, L4_Word_t label) {
  L4_POINTER_CAST(L4_Boot_SimpleExec_t*, r)->label = label;
}
L4_INLINE void L4_SimpleExec_Set_Flags(L4_BootRec_t* r, L4_Word_t flags) {
  L4_POINTER_CAST(L4_Boot_SimpleExec_t*, r)->flags = flags;
}
L4_INLINE char* L4_SimpleExec_Cmdline(const L4_BootRec_t* r) {
  return l4_boot_cmdline(r, L4_POINTER_CAST(const L4_Boot_SimpleExec_t*, r)->cmdline_offset);
}

// L4_EFI_..., L4_MBI_Address: what other loaders' records hold; this first stage
// writes none of them.
L4_INLINE L4_Word_t L4_EFI_Systab(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(const L4_Boot_EFI_t*, r)->systab;
}
L4_INLINE L4_Word_t L4_EFI_Memmap(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(const L4_Boot_EFI_t*, r)->memmap;
}
L4_INLINE L4_Word_t L4_EFI_MemmapSize(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(const L4_Boot_EFI_t*, r)->memmap_size;
}
L4_INLINE L4_Word_t L4_MBI_Address(const L4_BootRec_t* r) {
  return L4_POINTER_CAST(const L4_Boot_MBI_t*, r)->address;
}

#endif
