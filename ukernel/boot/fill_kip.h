// SPDX-License-Identifier: MIT
// The first stage's part of the kernel interface page.
#pragma once

#include "../kip.h"
#include "placement.h"

namespace mica {

// Finds the page in the loaded kernel by its magic word; nullptr = there is none.
Kip* find_kip(std::span<u8> kernel);

// The two programs, the memory descriptors and the address of the boot information.
void fill_kip(Kip& page, const PlacementRequest& request, const Placement& placement);

}  // namespace mica
