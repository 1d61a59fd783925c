// SPDX-License-Identifier: MIT
// The interrupt controllers: the CPU's local APIC and the machine's I/O APICs.
// (mask_line(), unmask_line(), acknowledge_interrupt(): see seam.h.)
#pragma once

#include "vectors.h"
#include <seam.h>

namespace mica {

struct Platform;

inline constexpr unsigned max_lines = 96;

// Boot: every line masked, the local APIC on. Needs build_kernel_map().
void start_interrupt_controllers(const Platform& machine);

// Registers of the local APIC, at the first device page.
inline volatile u32& local_apic(u32 offset) {
  return *reinterpret_cast<volatile u32*>(DEVICE_BASE + offset);
}
namespace apic {
inline constexpr u32 task_priority = 0x080, end_of_interrupt = 0x0b0, spurious = 0x0f0, in_service = 0x100,
                     lvt_timer = 0x320, lvt_thermal = 0x330, lvt_performance = 0x340, lvt_line0 = 0x350,
                     lvt_line1 = 0x360, lvt_error = 0x370, timer_initial = 0x380, timer_current = 0x390,
                     timer_divide = 0x3e0, version = 0x030;
inline constexpr u32 masked = 1 << 16;
}  // namespace apic

}  // namespace mica
