// SPDX-License-Identifier: MIT
// The kernel interface page, 4 KiB, read-only in every space (X.2 manual,
// chapter 1.1). The first stage fills the rows marked "boot", the kernel the rest.
#pragma once

#include "abi.h"

namespace mica {

// A root task: where it starts, and the physical memory it was loaded to.
struct RootServer {
  u64 sp, ip, low, high;  // high is exclusive; ip 0 = not there
};

// Bits of word 0: 0-3 type, 4-7 subtype, 9 virtual, 10-63 low >> 10;
// word 1: 10-63 high >> 10, inclusive. Later descriptors override earlier ones.
struct MemoryDescriptor {
  u64 low_word, high_word;

  enum class Type : u8 { undefined = 0, conventional = 1, reserved = 2, dedicated = 3, shared = 4,
                         boot_loader = 0xe, architecture = 0xf };

  static constexpr MemoryDescriptor make(Type type, unsigned subtype, bool is_virtual, u64 low,
                                         u64 high_inclusive) {
    return {(low & ~u64{0x3ff}) | u64{is_virtual} << 9 | u64{subtype} << 4 | static_cast<u64>(type),
            high_inclusive & ~u64{0x3ff}};
  }
  constexpr Type type() const { return static_cast<Type>(bits(low_word, 0, 4)); }
  constexpr unsigned subtype() const { return static_cast<unsigned>(bits(low_word, 4, 4)); }
  constexpr bool is_virtual() const { return bits(low_word, 9, 1) != 0; }
  constexpr u64 low() const { return low_word & ~u64{0x3ff}; }
  constexpr u64 high() const { return high_word | 0x3ff; }  // inclusive
};

struct ProcessorDescriptor {
  u64 external_khz, internal_khz, frequency_change, reserved;
};

struct Kip {
  static constexpr u32 expected_magic = 0x4be6344c;  // "L4\xe6K"
  static constexpr unsigned max_descriptors = 200;

  u64 magic;                 // 000
  u64 api_version;           // 008
  u64 api_flags;             // 010
  u64 kernel_desc_ptr;       // 018
  u64 kdebug[4];             // 020
  RootServer sigma0;         // 040 boot
  RootServer sigma1;         // 060 boot
  RootServer root_task;      // 080 boot
  u64 reserved_0a0;          // 0a0
  u64 memory_info;           // 0a8 count set by boot: bits 0-31 n, 32-63 offset
  u64 kdebug_config[2];      // 0b0
  u64 main_memory[2];        // 0c0
  u64 reserved_memory[4];    // 0d0
  u64 dedicated_memory[10];  // 0f0
  u64 reserved_140[2];       // 140
  u64 utcb_info;             // 150
  u64 kip_area_info;         // 158
  u64 reserved_160[2];       // 160
  u64 boot_info;             // 170 boot: physical address of the boot information, or 0
  u64 processor_desc_ptr;    // 178
  u64 clock_info;            // 180
  u64 thread_info;           // 188
  u64 page_info;             // 190
  u64 processor_info;        // 198
  u64 space_control;         // 1a0
  u64 thread_control;        // 1a8
  u64 processor_control;     // 1b0
  u64 memory_control;        // 1b8
  u64 ipc;                   // 1c0
  u64 lipc;                  // 1c8
  u64 unmap;                 // 1d0
  u64 exchange_registers;    // 1d8
  u64 system_clock;          // 1e0
  u64 thread_switch;         // 1e8
  u64 schedule;              // 1f0
  u64 reserved_1f8[5];       // 1f8
  u64 arch_syscalls[4];      // 220
  ProcessorDescriptor processors[1];  // 240
  u64 kernel_id;             // 260
  u64 generation_date;       // 268
  u64 kernel_version;        // 270
  char supplier[8];          // 278
  char strings[0x60];        // 280 version string, feature strings, empty string
  MemoryDescriptor memory[max_descriptors];  // 2e0
  u8 padding[page_size - 0x2e0 - sizeof(MemoryDescriptor) * max_descriptors];
};

static_assert(sizeof(Kip) == page_size);
static_assert(offsetof(Kip, sigma0) == 0x040);
static_assert(offsetof(Kip, root_task) == 0x080);
static_assert(offsetof(Kip, memory_info) == 0x0a8);
static_assert(offsetof(Kip, utcb_info) == 0x150);
static_assert(offsetof(Kip, boot_info) == 0x170);
static_assert(offsetof(Kip, thread_info) == 0x188);
static_assert(offsetof(Kip, space_control) == 0x1a0);
static_assert(offsetof(Kip, schedule) == 0x1f0);
static_assert(offsetof(Kip, processors) == 0x240);
static_assert(offsetof(Kip, kernel_id) == 0x260);
static_assert(offsetof(Kip, memory) == 0x2e0);

struct Platform;

extern Kip kip;
// Fills the kernel's rows, at boot.
void fill_kip(const Platform& platform);

// The first thread number that users have; the three root servers begin there.
u64 user_base();

}  // namespace mica
