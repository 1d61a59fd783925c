// SPDX-License-Identifier: MIT
// The real kernel and sigma0, on every way of booting.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

namespace {

void check_success(const Outcome& outcome) {
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
}

std::string guest_test(const std::string& name) { return BINARIES "/tests/guest/" + name + ".elf"; }

}  // namespace

TEST_CASE("kernel: at most 20 million instructions to the root task, however much memory there is") {
  for (const std::string memory : {"64M", "256M", "4G"}) {
    CAPTURE(memory);
    const Outcome outcome = Machine().memory(memory).kernel({real_kernel, real_sigma0, boot_time}).run();
    check_success(outcome);
    MESSAGE("boot with ", memory, ": ", outcome.number("boot_instructions"), " instructions");
    CHECK(outcome.number("boot_instructions") <= 20000000);
  }
}

TEST_CASE("kernel: boots from an ISO, by BIOS and by UEFI") {
  const TemporaryFolder folder;
  const std::string text = folder.file("text", "text");
  const std::string iso = make_iso(folder, {real_kernel, real_sigma0, boot_time, text + " some words"});
  for (const bool uefi : {false, true}) {
    CAPTURE(uefi);
    Machine machine;
    machine.real_time().cdrom(iso);
    if (uefi) machine.uefi();
    const Outcome outcome = machine.run(120);
    check_success(outcome);
    CHECK(outcome.all("module").size() == 3);
    CHECK(outcome.says("module=text some words"));
  }
}

TEST_CASE("kernel: runs on many CPU models, with and without the newer protections") {
  for (const char* const model : {"qemu64", "Skylake-Client", "EPYC", "qemu64,-nx", "max,-smap,-smep,-umip"}) {
    CAPTURE(model);
    check_success(Machine().cpu(model).kernel({real_kernel, real_sigma0, boot_time}).run());
  }
  check_success(Machine().kernel({real_kernel, real_sigma0, boot_time}, "nx=off kmem=20M").run());
  check_success(Machine().add({"-smp", "2", "-machine", "q35"}).kernel({real_kernel, real_sigma0, boot_time}).run());
}

TEST_CASE("kernel: the demo system and the pager example say what they do") {
  const Outcome demo = Machine().system("demo").run();
  check_success(demo);
  CHECK(demo.says("hello has ended with 0"));
  const Outcome pager = Machine().kernel({real_kernel, real_sigma0, pager_program}).run();
  check_success(pager);
  CHECK(pager.says("fault"));
}

TEST_CASE("kernel: users cannot make it read its own image, with and without no-execute") {
  for (const std::string options : {"", "nx=off"}) {
    CAPTURE(options);
    check_success(Machine().kernel({real_kernel, real_sigma0, guest_test("kernel_pages")}, options).run());
  }
}

TEST_CASE("sigma0: keeps what lies at the addresses of its own areas, where that is RAM") {
  check_success(Machine().memory("4G").kernel({real_kernel, real_sigma0, guest_test("sigma0")}).run(120));
}
