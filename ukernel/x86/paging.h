// SPDX-License-Identifier: MIT
// The kernel's own half of every address space (layout.h) and its building.
#pragma once

#include <seam.h>

namespace mica {

struct Platform;

// The level of the entry by which the kernel's map of RAM covers a block of that level's
// size around an address, or does not cover it.
unsigned physmap_level(Phys address);

// Boot: lets phys_to_virt() reach the low 4 GiB through the first stage's tables,
// until build_kernel_map() has made the kernel's own.
void borrow_identity_map();
// Boot: builds the kernel's page tables from frame_store and loads them.
void build_kernel_map(const Platform& machine);
// Boot: an uncached mapping of a device's registers (within one page).
void* map_device(Phys registers);
// The end of boot: gives the init part of the image to frame_store, then runs the
// first thread.
[[noreturn]] void leave_boot(Thread* first);

}  // namespace mica
