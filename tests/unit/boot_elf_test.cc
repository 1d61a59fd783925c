// SPDX-License-Identifier: MIT
// Reading ELF files: a good one, and each way of being bad.
#include "boot/elf.h"

#include <doctest/doctest.h>

#include "elf_file.h"

using namespace mica;
using namespace mica::test;

namespace {

bool mentions(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("boot elf: a static program is read") {
  const ElfImage image = good_elf().read();
  REQUIRE(image.ok());
  CHECK(image.entry == 0x1000);
  REQUIRE(image.segments.size() == 2);
  CHECK(image.segments[0].flags == rx);
  CHECK(image.segments[1].file_offset == 0x300);
  CHECK(image.segments[1].file_size == 0x80);
  CHECK(image.segments[1].memory_size == 0x5000);
  CHECK(image.physical_span() == Range{0x1000, 0x7000});
}

TEST_CASE("boot elf: physical addresses count unless all are zero") {
  ElfFile shifted;
  shifted.program(load_type, rx, 0x200, 0x1000, 0x801000, 0x100, 0x100).content(0x400);
  CHECK(shifted.read().physical_span() == Range{0x801000, 0x801100});
  ElfFile zero;
  zero.program(load_type, rx, 0x200, 0x1000, 0, 0x100, 0x100).content(0x400);
  CHECK(zero.read().physical_span() == Range{0x1000, 0x1100});
}

TEST_CASE("boot elf: segments without memory and other headers are skipped") {
  constexpr u32 note_type = 4;
  ElfFile file;
  file.program(note_type, 4, 0, 0, 0, 0, 0).program(load_type, rw, 0, 0, 0, 0, 0);
  file.program(load_type, rx, 0x200, 0x1000, 0x1000, 0x100, 0x100).content(0x400);
  REQUIRE(file.read().ok());
  CHECK(file.read().segments.size() == 1);
}

TEST_CASE("boot elf: files that are no static 64-bit program are named") {
  CHECK(mentions(read_elf({}).fault, "empty"));
  CHECK(mentions(good_elf().set<u8>(0, 'x').fault(), "not an ELF"));
  CHECK(mentions(good_elf().set<u8>(4, 1).fault(), "32-bit"));
  CHECK(mentions(good_elf().set<u8>(5, 2).fault(), "another machine"));
  CHECK(mentions(good_elf().set<u16>(18, 183).fault(), "another machine"));
  CHECK(mentions(good_elf().set<u16>(16, 3).fault(), "position independent"));
  CHECK(mentions(good_elf().set<u16>(16, 1).fault(), "not an executable"));
  CHECK(mentions(good_elf().set<u32>(64, 2).fault(), "dynamically linked"));
  CHECK(mentions(good_elf().set<u32>(64, 3).fault(), "dynamically linked"));
  CHECK(mentions(good_elf().set<u16>(54, 32).fault(), "program headers"));
  CHECK(mentions(ElfFile{}.content(0x400).fault(), "nothing in it"));
}

TEST_CASE("boot elf: a file cut off anywhere is refused, never read beyond its end") {
  for (u64 size = 1; size < 0x380; ++size) {
    CAPTURE(size);
    CHECK(mentions(good_elf().content(size).fault(), size < 4 ? "not an ELF" : "truncated"));
  }
  CHECK(good_elf().content(0x380).read().ok());
}

TEST_CASE("boot elf: numbers that wrap around are refused") {
  CHECK_FALSE(good_elf().set<u64>(32, ~u64{0} - 8).read().ok());          // program headers
  CHECK_FALSE(good_elf().set<u64>(64 + 8, ~u64{0} - 8).read().ok());      // file offset
  CHECK_FALSE(good_elf().set<u64>(64 + 32, ~u64{0}).read().ok());         // file size
  CHECK_FALSE(good_elf().set<u64>(64 + 16, ~u64{0} - 8).read().ok());     // virtual address
  CHECK_FALSE(good_elf().set<u64>(64 + 24, ~u64{0} - 8).read().ok());     // physical address
  CHECK_FALSE(good_elf().set<u64>(64 + 40, ~u64{0}).read().ok());         // size in memory
  CHECK(mentions(good_elf().set<u64>(64 + 40, 0x10).fault(), "larger in the file"));
}

TEST_CASE("boot elf: overlapping segments and a wild entry point are refused") {
  CHECK(mentions(good_elf().set<u64>(64 + 56 + 16, 0x10ff).fault(), "overlap each other"));
  CHECK(mentions(good_elf().set<u64>(64 + 56 + 24, 0x10ff).fault(), "overlap each other"));
  CHECK(mentions(good_elf().set<u64>(24, 0x2000).fault(), "entry point"));
  CHECK(mentions(good_elf().set<u64>(24, 0x1100).fault(), "entry point"));
  CHECK(good_elf().set<u64>(24, 0x10ff).read().ok());
}

TEST_CASE("boot elf: more segments than there is room for are refused") {
  ElfFile file;
  for (u64 i = 0; i < ElfImage::max_segments + 1; ++i) {
    file.program(load_type, rx, 0, 0x1000 * (i + 1), 0x1000 * (i + 1), 0, 0x100);
  }
  CHECK(mentions(file.content(0x1000).fault(), "too many segments"));
}
