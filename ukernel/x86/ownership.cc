// SPDX-License-Identifier: MIT
// Which physical addresses no user may ever map.
#include "../mapping.h"
#include "cpu_features.h"
#include "init.h"
#include "paging.h"

namespace mica {

namespace {

bool overlap(Phys low, Phys high, u64 base, u64 size) {
  return base < high.value && base + size > low.value;
}

// The page of a device's registers; 0: there is none.
bool is_device_in(Phys low, Phys high, u64 device) {
  return device != 0 && overlap(low, high, device & ~(page_size - 1), page_size);
}

// Is any of it the kernel's?
bool owns_any(Phys low, Phys high) {
  if (high > physical_end()) return true;
  if (frame_store.owns_any(low, high)) return true;
  if (overlap(low, high, platform.kernel_base, platform.kernel_size)) return true;
  if (overlap(low, high, platform.memory_low, platform.memory_high - platform.memory_low)) return true;
  if (is_device_in(low, high, platform.local_apic) || is_device_in(low, high, platform.hpet)) return true;
  for (u32 i = 0; i < platform.io_apic_count; ++i)
    if (is_device_in(low, high, platform.io_apics[i].base)) return true;
  return false;
}

}  // namespace

Phys physical_end() { return {u64{1} << features.physical_bits}; }

bool kernel_owns(Phys frame) { return owns_any(frame, frame + page_size); }

// Twice in the code, as one of the two is not for everyday use.
[[gnu::always_inline]] static inline bool one_block(Phys frame, unsigned level) {
  if (level == 2 && !features.gigabyte_pages) return false;
  const u64 size = page_size << 9 * level;
  const Phys low{frame.value & ~(size - 1)};
  return !owns_any(low, low + size) && physmap_level(low) >= level;
}

bool is_one_block(Phys frame, unsigned level) { return one_block(frame, level); }

[[gnu::cold, gnu::noinline, gnu::section(".trace")]] bool is_trace_block(Phys frame) {
  return frame.value % (page_size << 9) == 0 && one_block(frame, 1) && physmap_covers(frame);
}

}  // namespace mica
