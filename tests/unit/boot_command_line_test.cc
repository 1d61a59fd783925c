// SPDX-License-Identifier: MIT
// The first stage's options and the names of modules.
#include "boot/command_line.h"

#include <doctest/doctest.h>

using namespace mica;

TEST_CASE("boot options: sizes") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("4096") == 4096);
  CHECK(parse_size("0x1000") == 0x1000);
  CHECK(parse_size("64K") == 64 << 10);
  CHECK(parse_size("64m") == 64 << 20);
  CHECK(parse_size("0xfG") == u64{15} << 30);
  CHECK(parse_size("18446744073709551615") == ~u64{0});
  for (const char* const bad :
       {"", "K", "0x", "12Q", "-1", "1 ", "0xg", "18446744073709551616", "17179869184G"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad).has_value());
  }
}

TEST_CASE("boot options: words") {
  const BootOptions none = parse_options("");
  CHECK(none.fault == nullptr);
  CHECK(none.kernel_memory == 0);
  CHECK_FALSE(none.no_execute_off);

  const BootOptions all = parse_options("  /boot/boot.elf kmem=32M  quiet nx=off ");
  CHECK(all.fault == nullptr);
  CHECK(all.kernel_memory == 32 << 20);
  CHECK(all.no_execute_off);

  CHECK_FALSE(parse_options("nx=off nx=on").no_execute_off);
  CHECK_FALSE(parse_options("xnx=off kmemory=1").no_execute_off);
  for (const char* const bad : {"kmem=", "kmem=0", "kmem=lots", "nx=", "nx=maybe"}) {
    CAPTURE(bad);
    CHECK(parse_options(bad).fault != nullptr);
  }
}

TEST_CASE("boot options: a module's name is its file's") {
  CHECK(module_name("") == "");
  CHECK(module_name("hello.elf") == "hello.elf");
  CHECK(module_name(" /a/b/hello.elf x=/y/z") == "hello.elf");
  CHECK(module_name("a/") == "");
}
