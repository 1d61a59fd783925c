// SPDX-License-Identifier: MIT
// Whether a manifest's programs can become its tasks.
#include "servers/root/programs.h"

#include <doctest/doctest.h>
#include <mica/task.h>

#include "archive_maker.h"
#include "elf_file.h"
#include "manifest_fixture.h"
#include "servers/root/image.h"

using namespace mica;
using namespace mica::test;
using Faults = std::vector<std::string>;

namespace {

// A segment of code at an address, of so many bytes.
ElfFile at(u64 address, u64 size) {
  ElfFile file;
  file.program(load_type, rx, 0, address, 0x1000, 0, size).set<u64>(24, address);
  return file;
}

const char* fault_of(const ElfFile& file) {
  const char* const fault = root::image_fault(file.read());
  return fault ? fault : "none";
}

std::string as_text(const ElfFile& file) { return {file.bytes().begin(), file.bytes().end()}; }

Faults check(const std::string& text, const ArchiveMaker& archive) {
  Parsed parsed(text);
  check_programs(*parsed.manifest, root::Archive(archive.bytes()), parsed.complaints);
  return parsed.faults();
}

}  // namespace

TEST_CASE("root image: where it may lie") {
  CHECK(fault_of(good_elf()) == std::string("none"));
  CHECK(fault_of(good_elf().set<u8>(4, 1)) == good_elf().set<u8>(4, 1).fault());
  constexpr u64 most = 64 << 20;
  CHECK(fault_of(at(0x400000, most)) == std::string("none"));
  CHECK(fault_of(at(0x400000, most + 1)) == std::string("the image is larger than 64 MiB"));
  const std::string reserved = "the image lies where the kernel's pages are";
  CHECK(fault_of(at(0xbefff000, 0x1000)) == std::string("none"));
  CHECK(fault_of(at(0xbefff000, 0x1001)) == reserved);
  CHECK(fault_of(at(0xbff00fff, 1)) == reserved);
  CHECK(fault_of(at(0xbff01000, 1)) == std::string("none"));
  const std::string nowhere = "the image lies where programs have no memory";
  constexpr u64 end = 0x7fff'ffff'f000;
  CHECK(fault_of(at(end - 0x1000, 0x1000)) == std::string("none"));
  CHECK(fault_of(at(end - 0x1000, 0x1001)) == nowhere);
  CHECK(fault_of(at(~u64{0} - 0x1000, 0x1000)) == nowhere);
}

TEST_CASE("root image: the memory that it takes") {
  const auto size = [](const ElfFile& file) { return root::image_size(file.read()); };
  // Its pages and its first stack's, one for the notes, one that tells the task who it is.
  constexpr root::Word besides = 0x2000 + mica::first_stack_bytes;
  CHECK(size(at(0x1000, 1)) == besides + 0x1000);
  CHECK(size(at(0x1000, 0x1000)) == besides + 0x1000);
  CHECK(size(at(0x1000, 0x1001)) == besides + 0x2000);
  CHECK(size(at(0x1fff, 2)) == besides + 0x2000);
  CHECK(root::notes_size(at(0x1000, 1024 * 0x1000).read()) == 0x1000);
  CHECK(root::notes_size(at(0x1000, 1025 * 0x1000).read()) == 0x2000);
  CHECK(root::notes_size(at(0x1000, 2049 * 0x1000).read()) == 0x4000);
  // Pages between segments cost nothing; one that two segments share is one.
  ElfFile file;
  file.program(load_type, rx, 0, 0x1000, 0x1000, 0, 0x800)
      .program(load_type, rw, 0, 0x1800, 0x1800, 0, 0x100);
  file.program(load_type, rw, 0, 0x9000, 0x9000, 0, 0x10);
  CHECK(size(file) == besides + 0x2000);
}

TEST_CASE("root programs: each task's program is looked at") {
  const std::string text = "task a\nprogram a.elf\nmemory 48K\ntask b\nmemory 48K\n\nprogram b.elf\n";
  const std::string good = as_text(good_elf());
  CHECK(check(text, ArchiveMaker().add("b.elf", good).add("a.elf", good)) == Faults{});
  CHECK(check(text, ArchiveMaker().add("a.elf", good)) ==
        Faults{"7: task 'b': program: 'b.elf': there is no such file"});
  CHECK(
      check(text, ArchiveMaker().add("a.elf", "text").add("b.elf", "")) ==
      Faults{"2: task 'a': program: 'a.elf': not an ELF file", "7: task 'b': program: 'b.elf': empty file"});
  // Six pages, four of its first stack, one for the notes, one more.
  CHECK(root::image_size(good_elf().read()) == 48 * 1024);
  const std::string small = "task a\nprogram a.elf\nmemory 44K\n";
  CHECK(check(small, ArchiveMaker().add("a.elf", good)) ==
        Faults{"2: task 'a': program: 'a.elf': the image needs 48K, of 44K of memory"});
}

TEST_CASE("root programs: a task without a program is not blamed twice") {
  CHECK(check("task a\nmemory 4K", ArchiveMaker().end()) == Faults{"1: task 'a' has no program"});
}
