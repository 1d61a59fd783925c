// SPDX-License-Identifier: MIT
// The boot information (KIP word BootInfo is its physical address): a header
// and records, each telling where the next is. It stays where it is after
// boot; user level asks sigma0 for its pages. All offsets are in bytes.
#pragma once

#include <string_view>

#include "../types.h"
#include "physical_memory.h"
#include "platform.h"

namespace mica {

struct BootInfoHeader {
  static constexpr u64 expected_magic = 0x14b0021d;
  u64 magic;
  u64 version;       // 1
  u64 size;          // of all of it
  u64 first_record;  // offset from the header
  u64 record_count;
  u64 reserved[3];
};
static_assert(sizeof(BootInfoHeader) == 0x40);

struct BootRecord {
  enum Type : u64 { module = 1, rsdp = 0x201, framebuffer = 0x202, start_time = 0x203 };
  u64 type;
  u64 version;  // 1
  u64 next;     // offset of the next record from this one
};

// One per module from sigma0 on, in the loader's order: sigma0, root task, others.
// Of sigma0 and the root task, start and size say where the program was loaded to;
// of the others, where the file lies (page aligned).
struct BootModuleRecord : BootRecord {
  u64 start, size;
  u64 command_line;  // offset of a NUL-terminated text from this record, 0 = none
};

// Mica's own. The physical address of ACPI's root pointer, or of a copy inside the boot information.
struct BootRsdpRecord : BootRecord {
  u64 address;
};

// Mica's own. A linear framebuffer or text screen that the boot loader has set up.
struct BootFramebufferRecord : BootRecord {
  u64 base, pitch, width, height;  // pitch in bytes, sizes in pixels (or characters)
  u64 bits;                        // a pixel
  u64 kind;                        // 0 indexed, 1 direct colour, 2 text
};

// Mica's own. The time-stamp counter at the first stage's first instruction, so
// that user level can say how long booting took.
struct BootStartTimeRecord : BootRecord {
  u64 time_stamp;
};

// Writes boot information into `memory`, which will be at physical address `address`.
class BootInfoWriter {
 public:
  // A size that is enough for so many modules with so many bytes of command lines.
  static constexpr u64 size_for(u64 modules, u64 text_bytes) {
    return sizeof(BootInfoHeader) + modules * (sizeof(BootModuleRecord) + 8) + text_bytes +
           sizeof(BootRsdpRecord) + 64 + sizeof(BootFramebufferRecord) + sizeof(BootStartTimeRecord);
  }

  BootInfoWriter(std::span<u8> memory, u64 address);
  void add_module(u64 start, u64 size, std::string_view command_line);
  // The root pointer's own address, or 0 and its bytes, of which a copy is kept; returns its address.
  u64 add_rsdp(u64 rsdp_address, Bytes bytes);
  void add_framebuffer(const Framebuffer& framebuffer);
  void add_start_time(u64 time_stamp);
  void finish();

 private:
  template <class Record>
  void put(Record record, u64 extra_bytes);

  std::span<u8> memory_;
  u64 address_, used_ = sizeof(BootInfoHeader), records_ = 0;
};

}  // namespace mica
