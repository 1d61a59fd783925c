// SPDX-License-Identifier: MIT
// ./mica symbolize: what it reads in reports, and which frames of a stack it takes for callers.
#include <doctest/doctest.h>

#include <tools/symbolize/programs.h>
#include <tools/symbolize/unwinder.h>

using namespace symbolize;

namespace {

using Verdict = Unwinder::Verdict;

// A function that pushes a register, one that also makes room, one without rows, one with a frame pointer.
const FrameTable table(R"(Contents of the .debug_frame section:

00000000 0000000000000014 ffffffff CIE "" cf=1 df=-8 ra=16
   LOC           CFA      ra
0000000000000000 rsp+8    c-8

00000018 0000000000000014 00000000 FDE cie=00000000 pc=0000000001000100..0000000001000120
   LOC           CFA      rbx   ra
0000000001000100 rsp+8    u     c-8
0000000001000101 rsp+16   c-16  c-8
000000000100011f rsp+8    u     c-8

00000040 0000000000000014 00000000 FDE cie=00000000 pc=0000000001000120..0000000001000160
   LOC           CFA      rbx   ra
0000000001000120 rsp+8    u     c-8
0000000001000124 rsp+48   c-16  c-8

00000060 0000000000000014 00000000 FDE cie=00000000 pc=0000000001000160..0000000001000170

00000080 0000000000000014 00000000 FDE cie=00000000 pc=0000000001000170..0000000001000180
   LOC           CFA      rbp   ra
0000000001000170 rsp+8    u     c-8
0000000001000174 rbp+16   c-16  c-8
)");

}  // namespace

TEST_CASE("symbolize: the place of the return address, instruction by instruction") {
  CHECK(table.return_address_offset(0x1000100) == 0u);
  CHECK(table.return_address_offset(0x1000101) == 8u);
  CHECK(table.return_address_offset(0x100011e) == 8u);
  CHECK(table.return_address_offset(0x100011f) == 0u);
  CHECK(table.return_address_offset(0x1000150) == 40u);
  CHECK(table.return_address_offset(0x1000168) == 0u);
  CHECK_FALSE(table.return_address_offset(0x1000178));
  CHECK_FALSE(table.return_address_offset(0x10000ff));
  CHECK_FALSE(table.return_address_offset(0x1000180));
  CHECK_FALSE(FrameTable("").return_address_offset(0x1000100));
  CHECK_FALSE(FrameTable("nonsense FDE pc=zz..0\n0000000001000100 rsp+8\n").return_address_offset(0x1000100));
}

TEST_CASE("symbolize: lines of a report are told from others") {
  CHECK(crashed_program("crash: bank (program stuck.elf) thread 128: read at 0x1, address 0x10") == "stuck.elf");
  CHECK_FALSE(crashed_program("crash: ann has got 5"));
  CHECK_FALSE(crashed_program("a crash: x (program y) z"));
  CHECK_FALSE(crashed_program("crash: x (program y"));
  const auto first = crash_frame("crash:   frame 0x1000062");
  REQUIRE(first);
  CHECK(first->address == 0x1000062);
  CHECK_FALSE(first->offset);
  const auto second = crash_frame("crash:   frame 0x10000f6 at sp+0x38");
  REQUIRE(second);
  CHECK(second->offset == 0x38u);
  CHECK_FALSE(crash_frame("crash:   frame"));
  CHECK_FALSE(crash_frame("crash:   frame 0x"));
  CHECK_FALSE(crash_frame("crash:   frame 0x12345678123456781"));
  CHECK_FALSE(crash_frame("crash:   frame 0x1 at"));
  CHECK_FALSE(crash_frame("crash:   frame 0x1 at sp+0x8 and more"));
  CHECK(begins_panic("*** kernel panic: exception in the kernel"));
  CHECK(panic_frame("  0xffffffff80001234") == 0xffffffff80001234u);
  CHECK_FALSE(panic_frame("  0xffffffff80001234 0x1"));
}

TEST_CASE("symbolize: callers are told from what earlier calls have left on the stack") {
  Unwinder unwinder;
  unwinder.begin(table);
  CHECK(unwinder.judge({0x1000108, {}}) == Verdict::caller);     // its return address: sp+8
  CHECK(unwinder.judge({0x1000150, 0}) == Verdict::stale);
  CHECK(unwinder.judge({0x1000150, 8}) == Verdict::caller);      // the next one: 16 + 40
  CHECK(unwinder.judge({0x1000108, 24}) == Verdict::stale);
  CHECK(unwinder.judge({0x1000161, 56}) == Verdict::caller);     // 64 + 0
  CHECK(unwinder.judge({0x1000179, 64}) == Verdict::caller);     // has a frame pointer
  CHECK(unwinder.judge({0x1000150, 80}) == Verdict::unknown);
}

TEST_CASE("symbolize: what is lost is said, and a jump to nowhere is a call") {
  Unwinder unwinder;
  unwinder.begin(table);
  CHECK(unwinder.judge({0, {}}) == Verdict::caller);
  CHECK(unwinder.judge({0x1000150, 0}) == Verdict::caller);
  CHECK(unwinder.judge({0x1000161, 56}) == Verdict::unknown);    // not where it should be: 8 + 40
  CHECK(unwinder.judge({0x1000161, 64}) == Verdict::unknown);
  CHECK(unwinder.judge({0x1000108, {}}) == Verdict::caller);     // the next report
  CHECK(unwinder.judge({0x1000150, 8}) == Verdict::caller);
}

TEST_CASE("symbolize: addr2line's answers, from the project's folder on") {
  const auto lines = tidy_lines(
      "add at /home/me/mica/build/release/../../examples/crash/main.cc:28\n"
      " (inlined by) pay at /home/me/mica/build/release/../../examples/crash/main.cc:32 (discriminator 2)\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "add at examples/crash/main.cc:28");
  CHECK(lines[1] == "pay at examples/crash/main.cc:32");
  CHECK(tidy_lines("?? ??:0\n").empty());
  CHECK(tidy_lines("_start at ??:?\n") == std::vector<std::string>{"_start"});
  CHECK(tidy_lines("main at /elsewhere/main.cc:3\n") == std::vector<std::string>{"main at /elsewhere/main.cc:3"});
  CHECK(tidy_lines("main at " MICA_SOURCES "/examples/crash/main.cc:50\n") == std::vector<std::string>{"main at examples/crash/main.cc:50"});
}
