// SPDX-License-Identifier: MIT
// GRUB starts the first stage from an ISO, by BIOS and by UEFI.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

namespace {

void check_iso(bool uefi, bool usb_stick) {
  const TemporaryFolder folder;
  const std::string sigma0 = folder.file("sigma0.elf", ElfFile(fixture_server).move_to(4 << 20).bytes());
  const std::string root = folder.file("root.elf", ElfFile(fixture_server).move_to(16 << 20).bytes());
  const std::string text = folder.file("hello.txt", "hello-there\n");
  const std::string iso = make_iso(folder, {fixture_kernel, sigma0, root, text + " some words"}, "kmem=24M");
  Machine machine;
  machine.real_time();
  if (usb_stick) machine.add({"-drive", "format=raw,file=" + iso});
  else machine.cdrom(iso);
  if (uefi) machine.uefi();
  const Outcome outcome = machine.run(120);
  CAPTURE(outcome.output);
  REQUIRE(outcome.status == success);
  CHECK(outcome.number("bss_zero") == 1);
  CHECK(outcome.number("rsdp") != 0);
  CHECK(outcome.number("io_apic") == 0xfec00000);
  CHECK(outcome.number("framebuffer") != 0);
  CHECK(outcome.number("memory_high") - outcome.number("memory_low") == 24 << 20);
  const std::vector<std::string> modules = outcome.all("module");
  REQUIRE(modules.size() == 3);
  CHECK(modules[0].find(" sigma0.elf") != std::string::npos);
  CHECK(modules[2].find(" hello.txt some words") != std::string::npos);
}

}  // namespace

TEST_CASE("ISO: BIOS, as a CD") { check_iso(false, false); }
TEST_CASE("ISO: UEFI, as a CD") { check_iso(true, false); }
TEST_CASE("ISO: BIOS, as a disk") { check_iso(false, true); }
TEST_CASE("ISO: UEFI, as a disk") { check_iso(true, true); }
