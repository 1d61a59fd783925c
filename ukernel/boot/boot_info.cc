// SPDX-License-Identifier: MIT
#include "boot_info.h"

namespace mica {

BootInfoWriter::BootInfoWriter(std::span<u8> memory, u64 address) : memory_(memory), address_(address) {
  for (u8& byte : memory_) byte = 0;
}

// Appends a record and `extra_bytes` behind it that belong to it.
template <class Record>
void BootInfoWriter::put(Record record, u64 extra_bytes) {
  record.version = 1;
  record.next = (sizeof(Record) + extra_bytes + 7) & ~u64{7};
  if (memory_.size() - used_ < record.next) return;
  __builtin_memcpy(memory_.data() + used_, &record, sizeof(Record));
  used_ += record.next;
  ++records_;
}

void BootInfoWriter::add_module(u64 start, u64 size, std::string_view command_line) {
  BootModuleRecord record{};
  record.type = BootRecord::module;
  record.start = start;
  record.size = size;
  record.command_line = sizeof(record);
  u8* const text = memory_.data() + used_ + sizeof(record);
  const u64 before = used_;
  put(record, command_line.size() + 1);
  if (used_ == before) return;
  for (u64 i = 0; i < command_line.size(); ++i) text[i] = static_cast<u8>(command_line[i]);
}

u64 BootInfoWriter::add_rsdp(u64 rsdp_address, Bytes bytes) {
  BootRsdpRecord record{};
  record.type = BootRecord::rsdp;
  record.address = rsdp_address;
  u64 copy = 0;
  if (rsdp_address == 0) {
    copy = (used_ + sizeof(record) + 15) & ~u64{15};  // the root pointer is aligned to 16 bytes
    record.address = address_ + copy;
  }
  const u64 before = used_;
  put(record, copy == 0 ? 0 : copy - before - sizeof(record) + bytes.size());
  if (used_ == before) return 0;
  if (copy != 0) {
    for (u64 i = 0; i < bytes.size(); ++i) memory_[copy + i] = bytes[i];
  }
  return record.address;
}

void BootInfoWriter::add_framebuffer(const Framebuffer& framebuffer) {
  BootFramebufferRecord record{};
  record.type = BootRecord::framebuffer;
  record.base = framebuffer.base;
  record.pitch = framebuffer.pitch;
  record.width = framebuffer.width;
  record.height = framebuffer.height;
  record.bits = framebuffer.bits;
  record.kind = framebuffer.type;
  put(record, 0);
}

void BootInfoWriter::add_start_time(u64 time_stamp) {
  BootStartTimeRecord record{};
  record.type = BootRecord::start_time;
  record.time_stamp = time_stamp;
  put(record, 0);
}

void BootInfoWriter::finish() {
  const BootInfoHeader header{BootInfoHeader::expected_magic, 1, used_, sizeof(BootInfoHeader), records_, {}};
  __builtin_memcpy(memory_.data(), &header, sizeof(header));
}

}  // namespace mica
