// SPDX-License-Identifier: MIT
// Which instructions cost far more than others on hardware, told by their bytes.
#pragma once

#include <cstdint>
#include <span>

namespace scope {

enum class Kind : std::uint8_t {
  plain,
  syscall,
  sysret,
  interrupt,  // INT, INT3
  iret,
  cr3_write,
  cr_write,  // of another control register
  msr_write,
  msr_read,
  swapgs,
  base_write,  // WRFSBASE, WRGSBASE
  base_read,
  selector_fs,  // a load of FS or GS, which also loads its base
  selector_gs,
  selector,      // of another data segment register
  far_transfer,  // call, jump or return that loads CS
  descriptor,    // LGDT, LIDT, LLDT, LTR
  lfence,
  mfence,
  sfence,
  lock,   // a LOCK prefix, or XCHG with memory
  xsave,  // all that save FPU state
  xrstor,
  invlpg,
  invpcid,
  cache_flush,  // CLFLUSH and relatives, WBINVD
  port_in,
  port_out,
  rdtsc,
  cpuid,
  divide,
  interrupt_flag,  // CLI, STI
  halt,
  pause,
};
inline constexpr unsigned kinds = 34;

// The name in reports: "cr3-write".
const char* name_of(Kind kind);

// For 64-bit code; in 16- and 32-bit code, what differs there is not recognised.
Kind classify(std::span<const std::uint8_t> bytes);

}  // namespace scope
