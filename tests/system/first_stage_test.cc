// SPDX-License-Identifier: MIT
// What the first stage hands to the kernel, as the fixture kernel reports it.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

namespace {

constexpr unsigned long mib = 1 << 20;

// The fixture kernel, a sigma0 at 4 MiB, a root task at 16 MiB, a text.
struct Files {
  TemporaryFolder folder;
  std::string sigma0 = folder.file("sigma0.elf", ElfFile(fixture_server).move_to(4 * mib).bytes());
  std::string root = folder.file("root.elf", ElfFile(fixture_server).move_to(16 * mib).bytes());
  std::string text = folder.file("hello.txt", "hello-there, this is a module\n");
  std::vector<std::string> modules{fixture_kernel, sigma0, root, text + " with arguments"};
};

void check_healthy(const Outcome& outcome) {
  CAPTURE(outcome.output);
  REQUIRE(outcome.status == success);
  CHECK(outcome.number("platform.magic") == 1);
  CHECK(outcome.number("bss_zero") == 1);
  CHECK(outcome.number("data_right") == 1);
  CHECK(outcome.number("boot_info.magic") == 1);
  CHECK(outcome.number("local_apic") == 0xfee00000);
}

// The first eight bytes of a file, as the fixture kernel prints a word in memory.
std::string word_of(const std::string& content) {
  unsigned long word = 0;
  std::memcpy(&word, content.data(), sizeof(word));
  char text[32];
  std::snprintf(text, sizeof(text), "0x%lx", word);
  return text;
}

}  // namespace

TEST_CASE("first stage: -kernel hands everything on") {
  const Files files;
  const Outcome outcome = Machine().kernel(files.modules).run();
  check_healthy(outcome);
  const std::string elf_word = word_of(read_file(fixture_server));
  CHECK(outcome.text("sigma0.ip").find("low=0x400000 high=0x406e28 word=" + elf_word) != std::string::npos);
  CHECK(outcome.text("root.ip").find("low=0x1000000 high=0x1006e28 word=" + elf_word) != std::string::npos);
  const std::vector<std::string> modules = outcome.all("module");
  REQUIRE(modules.size() == 3);
  CHECK(modules[0].find("0x400000 0x6e28") == 0);
  CHECK(modules[2].find(word_of("hello-there") + " " + files.text + " with arguments") != std::string::npos);
  CHECK(outcome.number("kernel_base") % (2 * mib) == 0);
  CHECK(outcome.number("memory_high") - outcome.number("memory_low") == 32 * mib);
  CHECK(outcome.number("rsdp") != 0);
  CHECK(outcome.number("hpet") == 0xfed00000);
  CHECK(outcome.number("io_apic") == 0xfec00000);
  CHECK(outcome.number("no_execute_off") == 0);
  CHECK(outcome.number("cpus") == 1);
}

TEST_CASE("first stage: takes less than a million instructions, however much memory there is") {
  const Files files;
  for (const std::string memory : {"256M", "4G"}) {
    const Outcome outcome = Machine().memory(memory).kernel(files.modules).run();
    check_healthy(outcome);
    MESSAGE("first stage with ", memory, ": ", outcome.number("boot_instructions"), " instructions");
    CHECK(outcome.number("boot_instructions") < 1000000);
    CHECK(outcome.number("memory_high") <= 4096 * mib);
  }
}

TEST_CASE("first stage: modules that lie where programs belong are moved") {
  const Files files;
  // The loader puts modules right behind the first stage: every place there gets a program.
  for (const unsigned long address : {0x150000ul, 0x158000ul, 0x160000ul, 0x180000ul}) {
    CAPTURE(address);
    const std::string root =
        files.folder.file("low-root.elf", ElfFile(fixture_server).move_to(address).bytes());
    const std::string padding = files.folder.file("padding", std::string(300000, 'p'));
    const Outcome outcome = Machine().kernel({fixture_kernel, files.sigma0, root, files.text, padding}).run();
    check_healthy(outcome);
    CHECK(outcome.text("root.ip").find("word=" + word_of(read_file(fixture_server))) != std::string::npos);
    const std::vector<std::string> modules = outcome.all("module");
    REQUIRE(modules.size() == 4);
    CHECK(modules[2].find(word_of("hello-there")) != std::string::npos);
    CHECK(modules[3].find(word_of("pppppppppp")) != std::string::npos);
  }
}

TEST_CASE("first stage: options") {
  const Files files;
  const Outcome outcome = Machine().kernel(files.modules, "kmem=48M nx=off").run();
  check_healthy(outcome);
  CHECK(outcome.number("no_execute_off") == 1);
  CHECK(outcome.number("memory_high") - outcome.number("memory_low") == 48 * mib);
}

TEST_CASE("first stage: several processors, PCI Express, other CPU models") {
  const Files files;
  const Outcome many = Machine().kernel(files.modules).add({"-smp", "4", "-machine", "q35"}).run();
  check_healthy(many);
  CHECK(many.number("cpus") == 4);
  CHECK(many.all("cpu") == std::vector<std::string>{"0x0", "0x1", "0x2", "0x3"});
  CHECK(many.number("mcfg") == 0xb0000000);
  for (const char* const model : {"qemu64", "Skylake-Client", "EPYC", "qemu64,-nx"}) {
    CAPTURE(model);
    check_healthy(Machine().cpu(model).kernel(files.modules).run());
  }
}

TEST_CASE("first stage: no ACPI") {
  const Files files;
  const Outcome outcome = Machine().kernel(files.modules).add({"-machine", "pc,acpi=off"}).run();
  check_healthy(outcome);
  CHECK(outcome.number("cpus") == 1);
  CHECK(outcome.number("has_pic") == 1);
  CHECK(outcome.number("hpet") == 0);
}
