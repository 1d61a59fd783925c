// SPDX-License-Identifier: MIT
// Everything that can keep the first stage from booting: each time it names the
// module and the cause on the serial port and stops.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

namespace {

constexpr unsigned long mib = 1 << 20;

struct Files {
  TemporaryFolder folder;
  std::string server = folder.file("server.elf", ElfFile(fixture_server).move_to(4 * mib).bytes());
  std::string root = folder.file("root.elf", ElfFile(fixture_server).move_to(16 * mib).bytes());

  std::string spoiled(const ElfFile& elf) const { return folder.file("spoiled.elf", elf.bytes()); }
};

void check_stops(const Outcome& outcome, std::initializer_list<const char*> parts) {
  CAPTURE(outcome.output);
  CHECK(outcome.status == first_stage_stopped);
  CHECK(outcome.says("mica boot: "));
  for (const char* const part : parts) {
    CAPTURE(part);
    CHECK(outcome.says(part));
  }
  CHECK_FALSE(outcome.says("fixture kernel"));
}

// Offsets of fields in an ELF64 file whose program headers follow its header.
enum Field { word_class = 4, type = 16, machine = 18, entry = 24, p_type = 64, p_memory_size = 64 + 40 };

}  // namespace

TEST_CASE("boot failure: no long mode") {
  const Files files;
  for (const char* const model : {"qemu32", "pentium", "qemu64,-lm"}) {
    CAPTURE(model);
    check_stops(Machine().cpu(model).kernel({fixture_kernel, files.server, files.root}).run(), {"long mode"});
  }
}

TEST_CASE("boot failure: missing modules") {
  const Files files;
  check_stops(Machine().kernel({}).run(), {"module 0 (kernel)", "missing"});
  check_stops(Machine().kernel({fixture_kernel}).run(), {"module 1 (sigma0)", "missing"});
  check_stops(Machine().kernel({fixture_kernel, files.server}).run(), {"module 2 (root task)", "missing"});
}

TEST_CASE("boot failure: files that are not what is needed") {
  const Files files;
  const auto with_root = [&](const ElfFile& elf) {
    return Machine().kernel({fixture_kernel, files.server, files.spoiled(elf)}).run();
  };
  const ElfFile good(files.root);
  const char* const who = "module 2 (root task, spoiled.elf)";
  check_stops(with_root(ElfFile(good).cut_to(0)), {who, "empty file"});
  check_stops(with_root(ElfFile(good).set(0, 'x')), {who, "not an ELF file"});
  check_stops(with_root(ElfFile(good).set<std::uint8_t>(word_class, 1)), {who, "32-bit"});
  check_stops(with_root(ElfFile(good).set<std::uint16_t>(machine, 3)), {who, "another machine"});
  check_stops(with_root(ElfFile(good).set<std::uint16_t>(type, 3)), {who, "position independent"});
  check_stops(with_root(ElfFile(good).set<std::uint16_t>(type, 1)), {who, "not an executable"});
  check_stops(with_root(ElfFile(good).set<std::uint32_t>(p_type, 2)), {who, "dynamically linked"});
  check_stops(with_root(ElfFile(good).cut_to(40)), {who, "truncated"});
  check_stops(with_root(ElfFile(good).cut_to(100)), {who, "truncated"});
  check_stops(with_root(ElfFile(good).cut_to(0x1004)), {who, "truncated"});
  check_stops(with_root(ElfFile(good).set<std::uint64_t>(p_memory_size, 1)),
              {who, "larger in the file than in memory"});
  check_stops(with_root(ElfFile(good).set<std::uint64_t>(p_memory_size, 0x1800)),
              {who, "overlap each other"});
  check_stops(with_root(ElfFile(good).set<std::uint64_t>(entry, 5)), {who, "entry point"});

  const std::string text = files.folder.file("text", "This is no program at all.\n");
  check_stops(Machine().kernel({text, files.server, files.root}).run(),
              {"module 0 (kernel, text)", "not an ELF file"});
  check_stops(Machine().kernel({fixture_kernel, text, files.root}).run(),
              {"module 1 (sigma0, text)", "not an ELF"});
}

TEST_CASE("boot failure: a kernel that is none") {
  const Files files;
  check_stops(Machine().kernel({kernel_without_kip, files.server, files.root}).run(),
              {"module 0 (kernel, fixture_kernel_without_kip.elf)", "no kernel interface page"});
  check_stops(Machine().kernel({files.root, files.server, files.root}).run(),
              {"module 0 (kernel", "not linked at 0xffffffff80000000"});
}

TEST_CASE("boot failure: programs that cannot be where they want to be") {
  const Files files;
  const auto with_root_at = [&](unsigned long address) {
    return Machine()
        .kernel({fixture_kernel, files.server, files.spoiled(ElfFile(fixture_server).move_to(address))})
        .run();
  };
  const char* const who = "module 2 (root task, spoiled.elf)";
  check_stops(with_root_at(4 * mib + 0x6000), {who, "overlap those of sigma0"});
  check_stops(with_root_at(0x104000), {who, "overlaps the first stage"});
  check_stops(with_root_at(256 * mib), {who, "outside memory"});
  check_stops(with_root_at(0xa0000), {who, "outside memory"});
  check_stops(with_root_at(0xfee00000), {who, "outside memory"});
  check_stops(with_root_at(5ul << 30), {who, "outside memory"});
}

TEST_CASE("boot failure: too little memory, bad options, too many modules") {
  const Files files;
  const std::vector<std::string> modules = {fixture_kernel, files.server, files.root};
  check_stops(Machine().memory("20M").kernel(modules).run(), {"too little memory"});
  check_stops(Machine().kernel(modules, "kmem=1G").run(), {"too little memory", "kmem="});
  check_stops(Machine().kernel(modules, "kmem=much").run(), {"kmem="});
  check_stops(Machine().kernel(modules, "nx=perhaps").run(), {"nx="});
  std::vector<std::string> many = modules;
  const std::string small = files.folder.file("small", "small");
  while (many.size() < 65) many.push_back(small);
  check_stops(Machine().kernel(many).run(), {"too many modules"});
  // A module that has to move, and nowhere to move it to.
  const std::string large = files.folder.file("large", std::string(30 * mib, 'x'));
  check_stops(Machine().memory("48M").kernel({fixture_kernel, files.server, files.root, large}).run(),
              {"module 3 (further module, large)", "too little memory"});
}
