// SPDX-License-Identifier: MIT
#include "kip.h"

#include <seam.h>

#include "boot/platform.h"
#include "thread_table.h"

namespace mica {

namespace {

// Version string, then the names of the extensions, then an empty string.
constexpr char strings[] = "Mica 0.1\0pagerexregs\0ioflexpages\0syscallreflect\0msi\0fsbase\0trace\0";

constexpr Kip initial_kip() {
  Kip k{};
  k.magic = Kip::expected_magic;
  k.api_version = 0x84050000;
  k.api_flags = 4;  // little endian, 64 bit
  k.kernel_desc_ptr = offsetof(Kip, kernel_id);
  k.memory_info = u64{offsetof(Kip, memory)} << 32;
  k.utcb_info = utcb_area_min_bits << 16 | utcb_align_bits << 10 | 1;
  k.kip_area_info = page_bits;
  k.processor_desc_ptr = offsetof(Kip, processors);
  k.processor_info = u64{5} << 60;  // one processor, descriptors of 32 bytes
  k.kernel_id = 0x4d << 24 | 1 << 16;  // 'M', first
  k.generation_date = 26 << 9 | 11 << 5 | 21;
  k.kernel_version = 1 << 16;
  k.supplier[0] = 'M';
  k.supplier[1] = 'i';
  k.supplier[2] = 'c';
  k.supplier[3] = 'a';
  for (unsigned i = 0; i < sizeof strings; ++i) k.strings[i] = strings[i];
  return k;
}

}  // namespace

[[gnu::section(".kip")]] constinit Kip kip = initial_kip();

u64 user_base() { return kip.thread_info >> 20; }

void fill_kip(const Platform& platform) {
  constexpr u64 root_servers_from = 48;
  const u64 system_base = interrupt_lines() + message_interrupts;
  // No page of TCBs has both interrupts and users' threads.
  constexpr u64 page = thread_table::threads_a_page;
  const u64 user = system_base < root_servers_from ? root_servers_from : (system_base + page - 1) / page * page;
  kip.thread_info = user << 20 | system_base << 8 | thread_number_bits;
  kip.processors[0] = {bus_khz(), tsc_khz(), 0, 0};
  u64* const links[] = {&kip.ipc,      &kip.exchange_registers, &kip.thread_control, &kip.system_clock,
                        &kip.thread_switch, &kip.schedule,      &kip.unmap,          &kip.space_control,
                        &kip.processor_control, &kip.memory_control};
  for (unsigned i = 0; i < 10; ++i) *links[i] = stub_address(i);
  kip.lipc = kip.ipc;
  kip.clock_info = 1 << 16 | 1;  // reading and scheduling: 1 us
  kip.page_info = page_sizes() | Rights::all().raw;
  if (platform.no_execute_off || !no_execute_enforced) kip.page_info &= ~u64{Rights::x};

  u32 count = static_cast<u32>(kip.memory_info);
  if (count < Kip::max_descriptors)
    kip.memory[count++] =
        MemoryDescriptor::make(MemoryDescriptor::Type::conventional, 0, true, 0, user_end - 1);
  kip.memory_info = (kip.memory_info & ~u64{0xffffffff}) | count;
}

}  // namespace mica
