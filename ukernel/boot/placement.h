// SPDX-License-Identifier: MIT
// Where everything goes in physical memory. Decides only; nothing is written.
//
//   sigma0, root task   where they were linked to
//   modules             where the loader put them, unless that is in the way
//   kernel, its memory,
//   boot information    as high as possible below 4 GiB, to leave low memory,
//                       which programs name by number, to the programs
#pragma once

#include "command_line.h"
#include "elf.h"
#include "memory_map.h"
#include "multiboot.h"

namespace mica {

inline constexpr u64 kernel_half = 0xffffffff80000000;  // where kernels are linked
inline constexpr u64 large_page = u64{2} << 20;
inline constexpr u64 four_gib = u64{4} << 30;

// The modules' fixed order.
enum ModuleIndex : unsigned { kernel_module, sigma0_module, root_module, first_free_module };

struct PlacementRequest {
  const MemoryMap& map;  // normalised
  std::span<const BootModule> modules;
  const ElfImage& kernel;
  const ElfImage& sigma0;
  const ElfImage& root;
  Range first_stage;
  u64 kernel_memory;  // wanted size, 0 = default
};

struct Placement {
  static constexpr int no_module = -1;

  const char* fault = nullptr;
  int faulty_module = no_module;
  FixedVector<Range, LoaderInfo::max_modules> modules;  // where each file is to be
  u64 kernel_base = 0;                                  // of its lowest virtual address
  u64 kernel_size = 0;
  Range kernel_memory;
  Range boot_info;
};

[[nodiscard]] Placement place_all(const PlacementRequest& request);

}  // namespace mica
