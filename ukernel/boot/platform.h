// SPDX-License-Identifier: MIT
// What the first stage tells the kernel about the machine: all that the kernel
// ever knows of firmware. Plain data, physical addresses, read once.
#pragma once

#include "../types.h"

namespace mica {

struct IoApic {
  u64 base;       // physical address of its registers
  u32 first_gsi;  // global system interrupt of its pin 0
  u32 id;
};

// An ISA interrupt that is wired to another global system interrupt (ACPI MADT).
struct InterruptOverride {
  u32 irq;   // ISA number, 0-15
  u32 gsi;   // where it arrives
  u16 flags; // MPS INTI flags: bits 0-1 polarity (1 high, 3 low), 2-3 trigger (1 edge, 3 level)
  u16 reserved;
};

struct Framebuffer {
  u64 base;     // physical address, 0 = none
  u32 pitch;    // bytes a line
  u32 width;    // pixels, or columns in text mode
  u32 height;   // pixels, or rows in text mode
  u8 bits;      // bits a pixel
  u8 type;      // multiboot2: 0 indexed, 1 RGB, 2 EGA text
  u16 reserved;
};

struct Platform {
  static constexpr u64 expected_magic = 0x6d726f6674616c70;  // "platform"
  static constexpr unsigned max_cpus = 64;
  static constexpr unsigned max_io_apics = 8;
  static constexpr unsigned max_overrides = 16;

  u64 magic;
  u64 kernel_base;   // physical address where the kernel's lowest virtual address lies
  u64 kernel_size;   // bytes, whole image with bss, a multiple of 4096
  u64 memory_low;    // memory reserved for the kernel's objects, page aligned,
  u64 memory_high;   // exclusive; below 4 GiB
  u64 rsdp;          // physical address of ACPI's root pointer, 0 = none
  u64 local_apic;    // physical address of the local APIC's registers
  u64 hpet;          // physical address of the HPET's registers, 0 = none
  u64 mcfg_base;     // physical address of PCIe configuration space, 0 = none
  u64 boot_tsc;      // time-stamp counter at the first stage's first instruction
  u32 no_execute_off;  // boot option "nx=off": do not enforce the execute right
  u32 has_pic;       // an 8259 pair is present and has to be masked (MADT flag)
  u32 cpu_count;
  u32 io_apic_count;
  u32 override_count;
  u32 fast_path_off;   // boot option "fastpath=off": every Ipc takes the C++ path
  u32 cpu_apic_ids[max_cpus];  // the boot processor first
  IoApic io_apics[max_io_apics];
  InterruptOverride overrides[max_overrides];
  Framebuffer framebuffer;
};

}  // namespace mica
