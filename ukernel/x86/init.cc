// SPDX-License-Identifier: MIT
#include "init.h"

#include "../cpu.h"
#include "../page_table.h"
#include "../root_tasks.h"
#include "descriptors.h"
#include "cpu_features.h"
#include "instructions.h"
#include "interrupts.h"
#include "paging.h"
#include "panic.h"
#include "timer.h"

namespace mica {

Platform platform;

[[gnu::section(".percpu")]] alignas(page_size) constinit Cpu boot_cpu;

}  // namespace mica

extern "C" [[noreturn]] MICA_INIT void initialise(const mica::Platform* given) {
  using namespace mica;
  load_descriptors();
  if (given->magic != Platform::expected_magic) panic("the first stage does not fit this kernel");
  platform = *given;
  constexpr u32 msr_apic_base = 0x1b;
  if (platform.local_apic == 0) platform.local_apic = read_msr(msr_apic_base) & entry::frame_mask;
  detect_features();
  set_control_registers();
  borrow_identity_map();
  if (!frame_store.add({platform.memory_low}, {platform.memory_high})) panic("no memory for the kernel");
  build_kernel_map(platform);
  start_interrupt_controllers(platform);
  calibrate_timer(platform);
  leave_boot(create_root_tasks(boot_cpu, platform));
}
