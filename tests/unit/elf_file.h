// SPDX-License-Identifier: MIT
// ELF files for tests, good ones and those with a fault.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "boot/elf.h"

namespace mica::test {

// An ELF file put together field by field; offsets are those of the ELF64 format.
class ElfFile {
 public:
  ElfFile() : bytes_(64, 0) {
    const u8 ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    std::memcpy(bytes_.data(), ident, sizeof(ident));
    set<u16>(16, 2);       // executable
    set<u16>(18, 62);      // x86-64
    set<u64>(24, 0x1000);  // entry
    set<u64>(32, 64);      // program headers
    set<u16>(54, 56);
  }

  // All program headers have to be added before content().
  ElfFile& program(u32 type, u32 flags, u64 offset, u64 virt, u64 phys, u64 file_size, u64 memory_size) {
    const u64 at = bytes_.size();
    bytes_.resize(at + 56);
    set<u32>(at, type);
    set<u32>(at + 4, flags);
    set<u64>(at + 8, offset);
    set<u64>(at + 16, virt);
    set<u64>(at + 24, phys);
    set<u64>(at + 32, file_size);
    set<u64>(at + 40, memory_size);
    set<u16>(56, static_cast<u16>(++programs_));
    return *this;
  }
  ElfFile& content(u64 size) {
    bytes_.resize(size, 0xcc);
    return *this;
  }
  template <class T>
  ElfFile& set(u64 at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    return *this;
  }
  ElfImage read() const { return read_elf(bytes_); }
  const std::vector<u8>& bytes() const { return bytes_; }
  std::string fault() const {
    const ElfImage image = read();
    return image.ok() ? "none" : image.fault;
  }

 private:
  std::vector<u8> bytes_;
  unsigned programs_ = 0;
};

inline constexpr u32 load_type = 1, rx = 5, rw = 6;

inline ElfFile good_elf() {
  ElfFile file;
  file.program(load_type, rx, 0x200, 0x1000, 0x1000, 0x100, 0x100);
  file.program(load_type, rw, 0x300, 0x2000, 0x2000, 0x80, 0x5000);
  return file.content(0x400);
}

}  // namespace mica::test
