// SPDX-License-Identifier: MIT
// The page tables the kernel is entered with: the low 4 GiB one to one (made by
// entry.S) and the kernel at its link addresses. Used until it has its own.
#pragma once

#include "elf.h"

namespace mica {

// False when the kernel has more pages than there are tables for.
[[nodiscard]] bool map_kernel(const ElfImage& kernel, u64 physical_base, bool no_execute);

// Physical address of the top table.
u64 top_table_address();

}  // namespace mica
