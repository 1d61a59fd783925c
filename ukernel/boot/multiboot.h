// SPDX-License-Identifier: MIT
// What the boot loader says, in either of its two forms, copied out of the
// loader's memory, because that memory is used for other things afterwards.
#pragma once

#include <string_view>

#include "fixed_vector.h"
#include "memory_map.h"
#include "physical_memory.h"
#include "platform.h"

namespace mica {

inline constexpr u32 multiboot1_magic = 0x2badb002;
inline constexpr u32 multiboot2_magic = 0x36d76289;

struct BootModule {
  Range place;
  std::string_view command_line;
};

struct LoaderInfo {
  static constexpr std::size_t max_modules = 64;
  static constexpr std::size_t rsdp_size = 36;

  const char* fault = nullptr;
  MemoryMap regions;  // as firmware gives them
  FixedVector<BootModule, max_modules> modules;
  std::string_view command_line;
  Framebuffer framebuffer{};
  std::array<u8, rsdp_size> rsdp{};  // a copy of ACPI's root pointer
  u32 rsdp_length = 0;               // 0 = the loader gave none

  // Keeps a copy of a text; what does not fit is cut off.
  std::string_view keep(std::span<const char> text);

 private:
  std::array<char, 8192> texts_{};
  std::size_t texts_used_ = 0;
};

// Fills `info`, which must be new and must not move: it refers to itself.
void read_multiboot(LoaderInfo& info, u32 magic, u64 address, const PhysicalMemory& memory);

}  // namespace mica
