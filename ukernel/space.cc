// SPDX-License-Identifier: MIT
#include <seam.h>

#include <type_traits>

#include "assertion.h"
#include "kip.h"
#include "lifecycle.h"
#include "thread_table.h"

namespace mica {

namespace {
// Copied, which takes less code than to set each field.
constinit const Space blank{};
}

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
  static_assert(std::is_trivially_copyable_v<Space> && sizeof(Space) % sizeof(u64) == 0);
  copy_words(frame, &blank, sizeof(Space) / sizeof(u64));
  Space* const space = static_cast<Space*>(frame);
  space->pool = pool;
  space->memory = PageTable(root, 4);
  space->ports = PageTable(nullptr, 2);
  return space;
}

MapStep set_areas(Space& space, Fpage kip_area, Fpage utcb_area, Budget& budget) {
  MICA_ASSERT(!space.initialised);
  // Marked like a device's: the image is not in the kernel's map of RAM.
  const Phys kip_frame{kernel_symbol_phys(&kip).value | entry::device};
  const MapStep step = place_fixed_page(space, kip_area.base(), kip_frame, false, budget);
  if (step != MapStep::done) return step;
  space.kip_area = kip_area;
  space.utcb_area = utcb_area;
  space.slots.first = utcb_area.base() + utcb_mr_offset;
  const u64 slots = u64{1} << (utcb_area.order() - utcb_align_bits);
  space.slots.count = slots < max_threads ? slots : max_threads;
  space.initialised = true;
  return MapStep::done;
}

Progress drop_areas(Space& space, Budget& budget) {
  constexpr u64 slots_a_page = page_size / utcb_size, threads_a_frame = 512;
  constexpr i64 page_cost = 120;
  MICA_ASSERT(space.active_count == 0);
  if (space.initialised) remove_fixed_page(space, space.kip_area.base());
  space.initialised = false;
  UtcbSlots& slots = space.slots;
  // The last ones first: `high` says how many there still are.
  while (slots.high != 0) {
    if (budget.used_up()) return Progress::more;
    budget.spend(page_cost);
    slots.high = (slots.high - 1) / slots_a_page * slots_a_page;
    // Not each has been needed, and a user may have mapped something there.
    const auto frame = remove_fixed_page(space, space.utcb_area.base() + slots.high * utcb_size);
    if (frame) space.pool.give_frame(phys_to_virt(*frame));
  }
  if (slots.further) {
    for (u64 i = 0; i < threads_a_frame; ++i) {
      if (!slots.further[i]) continue;
      if (budget.used_up()) return Progress::more;
      budget.spend(page_cost);
      space.pool.give_frame(slots.further[i]);
      slots.further[i] = nullptr;
    }
    space.pool.give_frame(slots.further);
  }
  if (slots.direct_threads) space.pool.give_frame(slots.direct_threads);
  slots = UtcbSlots{};
  return Progress::done;
}

Progress unmake_space(Cpu& cpu, Space& space, Budget& budget) {
  MICA_ASSERT(space.thread_count == 0);
  if (is_loaded(space.memory.root())) load_kernel_root();
  if (cpu.io_loaded == &space) forget_ports(cpu);
  if (drop_areas(space, budget) == Progress::more) return Progress::more;
  if (release_mappings(space, budget) == Progress::more) return Progress::more;
  abandon_space(space);
  return Progress::done;
}

void abandon_space(Space& space) {
  Pool pool = space.pool;
  pool.give_frame(space.memory.root());
  pool.give_frame(&space);
  MICA_ASSERT(pool.used() == 0);
}

}  // namespace mica
