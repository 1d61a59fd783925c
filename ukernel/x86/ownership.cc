// SPDX-License-Identifier: MIT
// Which physical addresses no user may ever map.
#include "../mapping.h"
#include "cpu_features.h"
#include "init.h"

namespace mica {

namespace {

bool in_page(Phys frame, u64 device) {
  return device != 0 && frame.value >> page_bits == device >> page_bits;
}

}  // namespace

bool kernel_owns(Phys frame) {
  if (frame.value >> features.physical_bits != 0) return true;  // beyond what entries can hold
  if (frame_store.owns(frame)) return true;
  if (frame.value - platform.kernel_base < platform.kernel_size) return true;
  if (frame.value >= platform.memory_low && frame.value < platform.memory_high) return true;
  if (in_page(frame, platform.local_apic) || in_page(frame, platform.hpet)) return true;
  for (u32 i = 0; i < platform.io_apic_count; ++i)
    if (in_page(frame, platform.io_apics[i].base)) return true;
  return false;
}

}  // namespace mica
