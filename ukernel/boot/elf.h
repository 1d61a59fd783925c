// SPDX-License-Identifier: MIT
// Reading a static ELF64 program: checks everything, changes nothing.
#pragma once

#include "fixed_vector.h"
#include "memory_map.h"
#include "physical_memory.h"

namespace mica {

struct Segment {
  static constexpr u32 executable = 1, writable = 2, readable = 4;
  u64 file_offset, file_size, memory_size;
  u64 virtual_address, physical_address;
  u32 flags;

  constexpr Range virtual_range() const { return {virtual_address, virtual_address + memory_size}; }
  constexpr Range physical_range() const { return {physical_address, physical_address + memory_size}; }
};

struct ElfImage {
  static constexpr std::size_t max_segments = 16;

  const char* fault = nullptr;  // why it cannot be loaded; the rest means nothing then
  u64 entry = 0;
  FixedVector<Segment, max_segments> segments;  // the loadable ones, none empty

  bool ok() const { return fault == nullptr; }
  // The smallest ranges that hold all segments.
  Range virtual_span() const;
  Range physical_span() const;
};

// A file that cannot be loaded gives an image with a fault.
[[nodiscard]] ElfImage read_elf(Bytes file);

}  // namespace mica
