// SPDX-License-Identifier: MIT
// What this CPU can do, and the control registers that depend on it.
#pragma once

#include "../types.h"

namespace mica {

struct Features {
  bool no_execute, smep, smap, umip, global_pages, gigabyte_pages;
  bool xsave, xsaveopt;
  bool invariant_tsc;
  u32 fpu_state_size;   // bytes that XSAVE (or FXSAVE: 512) writes, at most a page
  u32 physical_bits;    // width of a physical address
  u64 xcr0;             // state components in use, 0 without XSAVE
  u64 tsc_hz;           // as CPUID tells it, 0 = unknown
};
extern Features features;

// Boot: reads CPUID; stops with a message when the CPU lacks what the kernel needs.
void detect_features();
// Boot, on every CPU: control registers, page attributes, system-call registers.
void set_control_registers();

}  // namespace mica
