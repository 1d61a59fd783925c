// SPDX-License-Identifier: MIT
#include <new>
#include <seam.h>

#include "assertion.h"
#include "kip.h"
#include "lifecycle.h"
#include "thread_table.h"

namespace mica {

Space* create_space() {
  Pool pool;
  void* const frame = pool.take_frame();
  u64* const root = static_cast<u64*>(frame ? pool.take_frame() : nullptr);
  if (!root) {
    if (frame) pool.give_frame(frame);
    return nullptr;
  }
  fill_words(root, 0, 256);
  copy_words(root + 256, kernel_root_entries(), 256);
  Space* const space = new (frame) Space;
  space->pool = pool;
  space->memory = PageTable(root, 4);
  space->ports = PageTable(nullptr, 2);
  return space;
}

bool set_areas(Space& space, Fpage kip_area, Fpage utcb_area) {
  MICA_ASSERT(!space.initialised);
  // Marked like a device's: the image is not in the kernel's map of RAM.
  const Phys kip_frame{kernel_symbol_phys(&kip).value | entry::device};
  if (!place_fixed_page(space, kip_area.base(), kip_frame, false)) return false;
  space.kip_area = kip_area;
  space.utcb_area = utcb_area;
  space.slots.first = utcb_area.base() + utcb_mr_offset;
  const u64 slots = u64{1} << (utcb_area.order() - utcb_align_bits);
  space.slots.count = slots < max_threads ? slots : max_threads;
  space.initialised = true;
  return true;
}

void drop_areas(Space& space) {
  MICA_ASSERT(space.active_count == 0);
  if (!space.initialised) return;
  remove_fixed_page(space, space.kip_area.base());
  UtcbSlots& slots = space.slots;
  for (u64 slot = 0; slot < slots.high; slot += page_size / utcb_size) {
    const Address page = space.utcb_area.base() + slot * utcb_size;
    const Slot entry = space.memory.find(page >> page_bits);
    if (!entry || !entry.present() || !entry.fixed()) continue;  // a user may have mapped it
    void* const frame = phys_to_virt(entry.frame());
    remove_fixed_page(space, page);
    space.pool.give_frame(frame);
  }
  if (slots.direct_threads) space.pool.give_frame(slots.direct_threads);
  if (slots.further) {
    for (unsigned i = 0; i < 512; ++i)
      if (slots.further[i]) space.pool.give_frame(slots.further[i]);
    space.pool.give_frame(slots.further);
  }
  slots = UtcbSlots{};
  space.initialised = false;
}

void destroy_space(Cpu& cpu, Space& space) {
  MICA_ASSERT(space.thread_count == 0);
  if (is_loaded(space.memory.root())) load_kernel_root();
  if (cpu.io_loaded == &space) forget_ports(cpu);
  drop_areas(space);
  Budget unlimited = Budget::unlimited();
  (void)release_mappings(space, unlimited);
  abandon_space(space);
}

void abandon_space(Space& space) {
  Pool pool = space.pool;
  pool.give_frame(space.memory.root());
  pool.give_frame(&space);
  MICA_ASSERT(pool.used() == 0);
}

}  // namespace mica
