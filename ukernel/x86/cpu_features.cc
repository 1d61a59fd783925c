// SPDX-License-Identifier: MIT
#include "cpu_features.h"

#include "init.h"
#include "instructions.h"
#include "layout.h"
#include "panic.h"

extern "C" void syscall_entry();
extern "C" void traced_syscall_entry();

namespace mica {

Features features;

namespace {

constexpr u32 msr_efer = 0xc0000080, msr_star = 0xc0000081, msr_lstar = 0xc0000082, msr_cstar = 0xc0000083,
              msr_sfmask = 0xc0000084, msr_fs_base = 0xc0000100, msr_gs_base = 0xc0000101,
              msr_kernel_gs_base = 0xc0000102, msr_sysenter_cs = 0x174, msr_pat = 0x277;

constexpr u64 efer_syscall = 1 << 0, efer_no_execute = 1 << 11;
constexpr u64 cr0_mp = 1 << 1, cr0_em = 1 << 2, cr0_ts = 1 << 3, cr0_ne = 1 << 5, cr0_wp = 1 << 16,
              cr0_am = 1 << 18, cr0_nw = 1 << 29, cr0_cd = 1 << 30;
constexpr u64 cr4_de = 1 << 3, cr4_pae = 1 << 5, cr4_mce = 1 << 6, cr4_pge = 1 << 7,
              cr4_osfxsr = 1 << 9, cr4_osxmmexcpt = 1 << 10, cr4_umip = 1 << 11, cr4_osxsave = 1 << 18,
              cr4_smep = 1 << 20, cr4_smap = 1 << 21;

// Slot: 0 write back, 1 write through, 2 uncached unless the MTRR says write
// combining, 3 uncached, 4 write combining, 5 write protected, 6 as 2, 7 as 3.
constexpr u64 page_attributes = 0x0007'0501'0007'0406;

// SYSCALL clears every flag that it can: CF PF AF ZF SF TF IF DF OF IOPL NT RF VM AC VIF VIP ID.
constexpr u64 cleared_flags = 0x3f7fd5;

constexpr u64 state_x87_sse = 3, state_avx = 4, state_avx512 = 0xe0;

MICA_INIT bool bit(u32 word, unsigned n) { return (word >> n & 1) != 0; }

MICA_INIT void write_xcr0(u64 value) {
  asm volatile("xsetbv" : : "c"(0), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32)));
}

// Takes the large vector registers in only if a thread's state still fits a page.
MICA_INIT void choose_fpu_state() {
  features.fpu_state_size = 512;
  if (!features.xsave) return;
  write_cr4(read_cr4() | cr4_osxsave);
  const CpuidResult possible = cpuid(0xd);
  features.xcr0 = state_x87_sse | (possible.a & state_avx);
  if ((possible.a & state_avx512) == state_avx512 && features.xcr0 == (state_x87_sse | state_avx)) {
    write_xcr0(features.xcr0 | state_avx512);
    if (cpuid(0xd).b <= page_size) features.xcr0 |= state_avx512;
  }
  write_xcr0(features.xcr0);
  features.fpu_state_size = cpuid(0xd).b;
  features.xsaveopt = bit(cpuid(0xd, 1).a, 0);
}

}  // namespace

MICA_INIT void detect_features() {
  const u32 last = cpuid(0).a, last_extended = cpuid(0x8000'0000).a;
  const CpuidResult basic = cpuid(1);
  const CpuidResult extended = cpuid(0x8000'0001);
  const bool tsc = bit(basic.d, 4), msr = bit(basic.d, 5), apic = bit(basic.d, 9), pat = bit(basic.d, 16),
             fxsr = bit(basic.d, 24), sse2 = bit(basic.d, 26), syscall = bit(extended.d, 11);
  if (!tsc || !msr || !pat || !fxsr || !sse2 || !syscall) {
    panic("the CPU lacks a feature that every x86-64 has");
  }
  if (!apic) panic("the CPU has no local APIC, or the firmware has switched it off");

  features.global_pages = bit(basic.d, 13);
  features.xsave = bit(basic.c, 26) && last >= 0xd;
  features.no_execute = bit(extended.d, 20);
  features.gigabyte_pages = bit(extended.d, 26);
  if (last >= 7) {
    const CpuidResult structured = cpuid(7);
    features.smep = bit(structured.b, 7);
    features.smap = bit(structured.b, 20);
    features.umip = bit(structured.c, 2);
  }
  if (last_extended >= 0x8000'0007) features.invariant_tsc = bit(cpuid(0x8000'0007).d, 8);
  features.physical_bits = last_extended >= 0x8000'0008 ? cpuid(0x8000'0008).a & 0xff : 36;
  if (last >= 0x15) {
    const CpuidResult clock = cpuid(0x15);  // crystal in Hz, and TSC per crystal as a fraction
    if (clock.a != 0) features.tsc_hz = u64{clock.c} * clock.b / clock.a;
  }
}

void trace_calls(bool on) {
  write_msr(msr_lstar, reinterpret_cast<u64>(on ? &traced_syscall_entry : &syscall_entry));
}

MICA_INIT void set_control_registers() {
  write_msr(msr_efer, read_msr(msr_efer) | efer_syscall | (features.no_execute ? efer_no_execute : 0));
  write_cr0((read_cr0() & ~(cr0_em | cr0_am | cr0_nw | cr0_cd)) | cr0_mp | cr0_ne | cr0_wp);
  // FSGSBASE and PCIDE stay off; PGE last, it also drops what firmware left in the TLB.
  u64 cr4 = cr4_pae | cr4_de | cr4_mce | cr4_osfxsr | cr4_osxmmexcpt;
  if (features.smep) cr4 |= cr4_smep;
  if (features.smap) cr4 |= cr4_smap;
  if (features.umip) cr4 |= cr4_umip;
  write_cr4(cr4);
  if (features.global_pages) write_cr4(cr4 | cr4_pge);
  choose_fpu_state();
  write_cr0(read_cr0() | cr0_ts);

  write_msr(msr_pat, page_attributes);
  write_msr(msr_star, u64{SYSRET_BASE} << 48 | u64{KERNEL_CS} << 32);
  write_msr(msr_lstar, reinterpret_cast<u64>(&syscall_entry));
  write_msr(msr_cstar, reinterpret_cast<u64>(&syscall_entry));  // never used: there is no 32-bit code segment
  write_msr(msr_sfmask, cleared_flags);
  write_msr(msr_sysenter_cs, 0);
  write_msr(msr_fs_base, 0);
  write_msr(msr_gs_base, UTCB_WORD_BASE);
  write_msr(msr_kernel_gs_base, 0);
}

}  // namespace mica
