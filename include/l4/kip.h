// SPDX-License-Identifier: MIT
// The kernel interface page (manual: 1.1 Kernel Interface Page): what the kernel
// says of itself and of the machine. It is mapped read-only in every space;
// L4_GetKernelInterface() in arch.h finds it. The accessors take its address,
// never fail, and need no system call. What they point to is read-only, although the
// manual's types do not say so.
#ifndef L4_KIP_H
#define L4_KIP_H

#include "arch.h"

#define L4_MAGIC 0x4be6344cUL  // "L4", 0xe6, "K"
#define L4_APIVERSION_X2 0x84  // ApiVersion, bits 24-31

typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t padding : 16;
    L4_Word_t subid : 8;
    L4_Word_t id : 8;
    L4_Word_t padding2 : 32;
  } x;
} L4_KernelId_t;

typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t padding : 16;
    L4_Word_t subversion : 8;
    L4_Word_t version : 8;
    L4_Word_t padding2 : 32;
  } x;
} L4_ApiVersion_t;

typedef union {
  L4_Word_t raw;
  struct {
    L4_Word_t ee : 2;
    L4_Word_t ww : 2;
    L4_Word_t padding : 60;
  } x;
} L4_ApiFlags_t;

typedef struct {
  L4_Word_t n : 32;
  L4_Word_t MemDescPtr : 32;
} L4_MemoryInfo_t;

// A program that the boot loader put into memory: initial stack pointer (0: none)
// and instruction pointer (0: no such program), and where it lies.
typedef struct {
  L4_Word_t sp;
  L4_Word_t ip;
  L4_Word_t low;
  L4_Word_t high;  // exclusive
} L4_RootServer_t;

typedef struct {
  L4_Word_t low;
  L4_Word_t high;
} L4_OldMemoryRange_t;

typedef struct {
  L4_Word_t magic;  // 000 L4_MAGIC
  L4_ApiVersion_t ApiVersion;
  L4_ApiFlags_t ApiFlags;
  L4_Word_t KernelVerPtr;  // 018 offset of an L4_KernelDesc_t
  L4_Word_t Kdebug[4];
  L4_RootServer_t Sigma0;  // 040
  L4_RootServer_t Sigma1;
  L4_RootServer_t RootServer;
  L4_Word_t reserved0;
  L4_MemoryInfo_t MemoryInfo;  // 0a8
  L4_Word_t KdebugConfig[2];
  L4_OldMemoryRange_t MainMem;  // 0c0 to 138: superseded by the memory descriptors
  L4_OldMemoryRange_t ReservedMem[2];
  L4_OldMemoryRange_t DedicatedMem[5];
  L4_Word_t reserved1[2];
  union {
    L4_Word_t raw;
    struct {
      L4_Word_t m : 10;
      L4_Word_t a : 6;
      L4_Word_t s : 6;
      L4_Word_t padding : 42;
    } X;
  } UtcbAreaInfo;  // 150
  union {
    L4_Word_t raw;
    struct {
      L4_Word_t s : 6;
      L4_Word_t padding : 58;
    } X;
  } KipAreaInfo;
  L4_Word_t reserved2[2];
  L4_Word_t BootInfo;  // 170
  L4_Word_t ProcDescPtr;
  union {
    L4_Word_t raw;
    struct {
      L4_Word_t ReadPrecision : 16;
      L4_Word_t SchedulePrecision : 16;
      L4_Word_t padding : 32;
    } X;
  } ClockInfo;  // 180
  union {
    L4_Word_t raw;
    struct {
      L4_Word_t t : 8;
      L4_Word_t SystemBase : 12;
      L4_Word_t UserBase : 12;
      L4_Word_t padding : 32;
    } X;
  } ThreadInfo;
  union {
    L4_Word_t raw;
    struct {
      L4_Word_t rwx : 3;
      L4_Word_t padding : 7;
      L4_Word_t page_size_mask : 54;
    } X;
  } PageInfo;
  union {
    L4_Word_t raw;
    struct {
      L4_Word_t processors : 16;
      L4_Word_t padding : 44;
      L4_Word_t s : 4;
    } X;
  } ProcessorInfo;
  L4_Word_t SpaceControl;  // 1a0: absolute addresses of the system calls
  L4_Word_t ThreadControl;
  L4_Word_t ProcessorControl;
  L4_Word_t MemoryControl;
  L4_Word_t Ipc;
  L4_Word_t Lipc;
  L4_Word_t Unmap;
  L4_Word_t ExchangeRegisters;
  L4_Word_t SystemClock;
  L4_Word_t ThreadSwitch;
  L4_Word_t Schedule;
  L4_Word_t reserved3[5];
  L4_Word_t ArchSyscall0;  // 220
  L4_Word_t ArchSyscall1;
  L4_Word_t ArchSyscall2;
  L4_Word_t ArchSyscall3;
} L4_KernelInterfacePage_t;

// A processor: frequencies in kHz.
typedef union {
  L4_Word_t raw[4];
  struct {
    L4_Word_t ExternalFreq;
    L4_Word_t InternalFreq;
    L4_Word_t reserved[2];
  } X;
} L4_ProcDesc_t;

// The kernel's description; the version string follows, then feature strings.
typedef struct {
  L4_KernelId_t KernelId;
  L4_Word_t KernelGenDate;  // bits 0-4 day, 5-8 month, 9-15 year - 2000
  L4_Word_t KernelVer;      // bits 24-31 version, 16-23 subversion, 0-15 subsubversion
  L4_Word_t Supplier;       // four characters
} L4_KernelDesc_t;

#if defined(__cplusplus)
static_assert(__builtin_offsetof(L4_KernelInterfacePage_t, Sigma0) == 0x40);
static_assert(__builtin_offsetof(L4_KernelInterfacePage_t, MemoryInfo) == 0xa8);
static_assert(__builtin_offsetof(L4_KernelInterfacePage_t, UtcbAreaInfo) == 0x150);
static_assert(__builtin_offsetof(L4_KernelInterfacePage_t, ProcessorInfo) == 0x198);
static_assert(__builtin_offsetof(L4_KernelInterfacePage_t, Schedule) == 0x1f0);
static_assert(__builtin_offsetof(L4_KernelInterfacePage_t, ArchSyscall0) == 0x220);
#endif

// l4_kip: the page as a structure; a null pointer means the caller's own.
L4_INLINE const L4_KernelInterfacePage_t* l4_kip(const void* kip) {
  return L4_POINTER_CAST(const L4_KernelInterfacePage_t*, kip ? kip : L4_GetKernelInterface());
}

// l4_kip_at: what lies `offset` bytes into the page.
L4_INLINE char* l4_kip_at(const void* kip, L4_Word_t offset) {
  return L4_POINTER_CAST(char*, L4_POINTER_CAST(L4_Word_t, l4_kip(kip)) + offset);
}

// l4_no_object: a null pointer that the compiler does not see as one; it would warn
// of a null dereference wherever a program does not check a number it knows.
L4_INLINE void* l4_no_object(void) {
  void* none = 0;
  __asm__("" : "+r"(none));
  return none;
}

// l4_kernel_desc: the kernel's description.
L4_INLINE const L4_KernelDesc_t* l4_kernel_desc(const void* kip) {
  return L4_POINTER_CAST(const L4_KernelDesc_t*, l4_kip_at(kip, l4_kip(kip)->KernelVerPtr));
}

// L4_ApiVersion, L4_ApiFlags, L4_KernelId: as L4_KernelInterface() (arch.h)
// delivers them, asked of the kernel.
L4_INLINE L4_Word_t L4_ApiVersion(void) {
  L4_Word_t version, flags, id;
  L4_KernelInterface(&version, &flags, &id);
  return version;
}
L4_INLINE L4_Word_t L4_ApiFlags(void) {
  L4_Word_t version, flags, id;
  L4_KernelInterface(&version, &flags, &id);
  return flags;
}
L4_INLINE L4_Word_t L4_KernelId(void) {
  L4_Word_t version, flags, id;
  L4_KernelInterface(&version, &flags, &id);
  return id;
}

// L4_KernelGenDate: when the kernel was built; year as 20xx.
L4_INLINE void L4_KernelGenDate(const void* kip, L4_Word_t* year, L4_Word_t* month, L4_Word_t* day) {
  L4_Word_t date = l4_kernel_desc(kip)->KernelGenDate;
  *year = (date >> 9 & 0x7f) + 2000;
  *month = date >> 5 & 0xf;
  *day = date & 0x1f;
}

// L4_KernelVersion: bits 24-31 version, 16-23 subversion, 0-15 subsubversion.
L4_INLINE L4_Word_t L4_KernelVersion(const void* kip) { return l4_kernel_desc(kip)->KernelVer; }
// L4_KernelSupplier: four characters, the first one in the lowest byte.
L4_INLINE L4_Word_t L4_KernelSupplier(const void* kip) { return l4_kernel_desc(kip)->Supplier; }
// L4_KernelVersionString: a text that ends in NUL.
L4_INLINE char* L4_KernelVersionString(const void* kip) {
  return l4_kip_at(kip, l4_kip(kip)->KernelVerPtr + sizeof(L4_KernelDesc_t));
}
// L4_Feature: the text of the kernel's extension number num (0, 1, ...), or a
// null pointer when it has not so many.
L4_INLINE char* L4_Feature(const void* kip, L4_Word_t num) {
  char* text = L4_KernelVersionString(kip);
  for (;;) {
    while (*text++ != 0) {
    }
    if (*text == 0) return L4_POINTER_CAST(char*, 0);
    if (num-- == 0) return text;
  }
}
// L4_HasFeature: does the kernel have the extension of that name?
L4_INLINE L4_Bool_t L4_HasFeature(const char* name) {
  const char* feature;
  L4_Word_t n, i;
  for (n = 0; (feature = L4_Feature(L4_POINTER_CAST(const void*, 0), n)) != 0; ++n) {
    for (i = 0; feature[i] == name[i]; ++i)
      if (name[i] == 0) return 1;
  }
  return 0;
}

// L4_NumProcessors: how many processors the system has, at least 1.
L4_INLINE L4_Word_t L4_NumProcessors(const void* kip) {
  return l4_kip(kip)->ProcessorInfo.X.processors + 1UL;
}

// L4_ProcDesc: processor num, 0 .. number - 1; a null pointer for others. A kernel
// may describe fewer processors than it runs when all are alike.
L4_INLINE L4_ProcDesc_t* L4_ProcDesc(const void* kip, L4_Word_t num) {
  const L4_KernelInterfacePage_t* page = l4_kip(kip);
  if (num > page->ProcessorInfo.X.processors) return L4_VALUE_CAST(L4_ProcDesc_t*, l4_no_object());
  return L4_POINTER_CAST(L4_ProcDesc_t*,
                         l4_kip_at(kip, page->ProcDescPtr + (num << page->ProcessorInfo.X.s)));
}
// L4_ProcDescExternalFreq, L4_ProcDescInternalFreq: bus and core clock in kHz;
// 0 when unknown.
L4_INLINE L4_Word_t L4_ProcDescExternalFreq(const L4_ProcDesc_t* p) { return p->X.ExternalFreq; }
L4_INLINE L4_Word_t L4_ProcDescInternalFreq(const L4_ProcDesc_t* p) { return p->X.InternalFreq; }

// L4_PageSizeMask: bit n set: the hardware has pages of 2^n bytes.
L4_INLINE L4_Word_t L4_PageSizeMask(const void* kip) { return l4_kip(kip)->PageInfo.raw & ~0x3ffUL; }
// L4_PageRights: the rights that the hardware can tell apart (fpage.h).
L4_INLINE L4_Word_t L4_PageRights(const void* kip) { return l4_kip(kip)->PageInfo.raw & 7; }

// L4_ThreadIdBits: t; thread numbers are below 2^t.
L4_INLINE L4_Word_t L4_ThreadIdBits(const void* kip) { return l4_kip(kip)->ThreadInfo.X.t; }
// L4_ThreadIdSystemBase: thread numbers below it are interrupts.
L4_INLINE L4_Word_t L4_ThreadIdSystemBase(const void* kip) { return l4_kip(kip)->ThreadInfo.X.SystemBase; }
// L4_ThreadIdUserBase: thread numbers from it on are for programs; the first three
// belong to sigma0, sigma1 and the root task.
L4_INLINE L4_Word_t L4_ThreadIdUserBase(const void* kip) { return l4_kip(kip)->ThreadInfo.X.UserBase; }

// L4_ReadPrecision, L4_SchedulePrecision: the shortest difference that
// SystemClock can show, and the granularity of timeouts; raw 16-bit periods
// (time.h).
L4_INLINE L4_Word_t L4_ReadPrecision(const void* kip) { return l4_kip(kip)->ClockInfo.X.ReadPrecision; }
L4_INLINE L4_Word_t L4_SchedulePrecision(const void* kip) {
  return l4_kip(kip)->ClockInfo.X.SchedulePrecision;
}

// L4_UtcbAreaSizeLog2, L4_UtcbAreaSize: the smallest UTCB area, in bytes.
L4_INLINE L4_Word_t L4_UtcbAreaSizeLog2(const void* kip) { return l4_kip(kip)->UtcbAreaInfo.X.s; }
L4_INLINE L4_Word_t L4_UtcbAreaSize(const void* kip) { return 1UL << L4_UtcbAreaSizeLog2(kip); }
// L4_UtcbAlignmentLog2: how a UTCB has to be aligned.
L4_INLINE L4_Word_t L4_UtcbAlignmentLog2(const void* kip) { return l4_kip(kip)->UtcbAreaInfo.X.a; }
// L4_UtcbSize: bytes of one UTCB.
L4_INLINE L4_Word_t L4_UtcbSize(const void* kip) {
  return L4_VALUE_CAST(L4_Word_t, l4_kip(kip)->UtcbAreaInfo.X.m) << L4_UtcbAlignmentLog2(kip);
}
// L4_KipAreaSizeLog2, L4_KipAreaSize: the area that SpaceControl needs for this page.
L4_INLINE L4_Word_t L4_KipAreaSizeLog2(const void* kip) { return l4_kip(kip)->KipAreaInfo.X.s; }
L4_INLINE L4_Word_t L4_KipAreaSize(const void* kip) { return 1UL << L4_KipAreaSizeLog2(kip); }

// L4_BootInfo: physical address of the boot information (bootinfo.h), 0 if none.
L4_INLINE L4_Word_t L4_BootInfo(const void* kip) { return l4_kip(kip)->BootInfo; }

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE void* L4_KernelInterface() { return L4_GetKernelInterface(); }
L4_INLINE L4_Word_t L4_ExternalFreq(const L4_ProcDesc_t* p) { return L4_ProcDescExternalFreq(p); }
L4_INLINE L4_Word_t L4_InternalFreq(const L4_ProcDesc_t* p) { return L4_ProcDescInternalFreq(p); }
#endif

#include "memdesc.h"

#endif
