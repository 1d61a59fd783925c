// SPDX-License-Identifier: MIT
// What emulation does not show: traps that only real CPUs take. The kernel avoids
// them by construction, and here its disassembly is searched for the construction.
#include <doctest/doctest.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "files.h"
#include "process.h"

namespace {

struct Line {
  std::string function, code;
};

// Every instruction of the kernel, with the label before it.
std::vector<Line> disassembly() {
  std::istringstream text(output_of("objdump -d --no-show-raw-insn " + real_kernel));
  std::vector<Line> lines;
  std::string line, function;
  while (std::getline(text, line)) {
    const std::size_t label = line.find('<');
    if (line.size() > 2 && line.substr(line.size() - 2) == ">:" && label != std::string::npos)
      function = line.substr(label + 1, line.size() - label - 3);
    const std::size_t tab = line.find('\t');
    if (tab != std::string::npos) lines.push_back({function, line.substr(tab + 1)});
  }
  return lines;
}

bool begins(const std::string& text, const std::string& word) { return text.rfind(word, 0) == 0; }

}  // namespace

TEST_CASE("kernel image: at most 48 KiB of code stay mapped after boot") {
  std::istringstream sections(output_of("objdump -h -w " + real_kernel));
  std::string line;
  unsigned long total = 0, trace = 0;
  while (std::getline(sections, line)) {
    std::istringstream fields(line);
    std::string index, name, size;
    fields >> index >> name >> size;
    if (line.find("CODE") == std::string::npos || begins(name, ".init")) continue;
    (name == ".trace" ? trace : total) += std::strtoul(size.c_str(), nullptr, 16);
  }
  MESSAGE("kernel code: ", total, " bytes, and ", trace, " that only the trace needs");
  CHECK(total > 0);
  CHECK(total <= 49152);
  CHECK(trace > 0);
  CHECK(trace <= 640);
}

TEST_CASE("kernel image: SYSRET returns to a constant address only") {
  const std::vector<Line> lines = disassembly();
  unsigned found = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!begins(lines[i].code, "sysret")) continue;
    ++found;
    CAPTURE(lines[i].function);
    CHECK(begins(lines[i].code, "sysretq"));
    REQUIRE(i > 0);
    CHECK(begins(lines[i - 1].code, "mov    $0xffffffffe0000002,%rcx"));
  }
  CHECK(found >= 6);
}

// The table of calls is entered with what RCX says behind the bound, so no other SYSCALL
// may stand there, also not between the instructions.
TEST_CASE("kernel image: SYSCALL is in the stubs where the table of calls has an entry, and nowhere else") {
  std::istringstream dump(output_of("objdump -s -j .stub " + real_kernel));
  std::string line, bytes;
  while (std::getline(dump, line)) {
    if (!begins(line, " ffffffff")) continue;
    std::istringstream fields(line.substr(1, 17 + 4 * 9));
    std::string address, word;
    fields >> address;
    while (fields >> word) bytes += word;
  }
  std::set<std::size_t> found;
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 2)
    if (bytes.compare(at, 4, "0f05") == 0) found.insert(at / 2);
  std::set<std::size_t> expected = {0x97};  // MemoryControl's, beyond the table
  for (std::size_t number = 0; number != 9; ++number) expected.insert(number * 0x10);
  CHECK(found == expected);
  unsigned bounded = 0;
  const std::vector<Line> lines = disassembly();
  for (std::size_t i = 2; i < lines.size(); ++i) {
    if (!begins(lines[i].code, "jmp    *") || lines[i].code.find("(%rcx)") == std::string::npos) continue;
    CAPTURE(lines[i].code);
    CHECK(begins(lines[i - 2].code, "cmp    $0x80,%rcx"));
    CHECK(begins(lines[i - 1].code, "ja "));
    ++bounded;
  }
  CHECK(bounded == 1);
}

TEST_CASE("kernel image: IRET only where the frame was made by the CPU, or was checked") {
  const std::set<std::string> allowed = {"vector_6",        "vector_nmi",    "vector_spurious",
                                         "stray_interrupt", "leave_by_iret", "debug_in_kernel"};
  std::map<std::string, unsigned> found;
  for (const Line& line : disassembly()) {
    if (!begins(line.code, "iret")) continue;
    CAPTURE(line.function);
    CHECK(begins(line.code, "iretq"));
    CHECK(allowed.count(line.function) == 1);
    ++found[line.function];
  }
  CHECK(found["leave_by_iret"] == 1);
}

TEST_CASE("kernel image: no FPU code, no SWAPGS, no base register but in the places for it") {
  const std::set<std::string> fpu_state = {"xsave64",    "xrstor64", "xsaveopt64", "fxsave64",
                                           "fxrstor64",  "xsetbv",   "xgetbv"};
  for (const Line& line : disassembly()) {
    const std::string mnemonic = line.code.substr(0, line.code.find_first_of(" \t"));
    CAPTURE(line.function);
    CAPTURE(line.code);
    if (fpu_state.count(mnemonic) != 0) continue;
    for (const char* const bank : {"%mm", "%xmm", "%ymm", "%zmm"}) CHECK(line.code.find(bank) == std::string::npos);
    CHECK(line.code.find("%st") == std::string::npos);
    CHECK(!begins(mnemonic, "swapgs"));
    CHECK(!begins(mnemonic, "wrgsbase"));
    CHECK(!begins(mnemonic, "wrfsbase"));
    if (begins(mnemonic, "wrmsr"))
      CHECK((line.function == "repair_gs" || line.function.find("load_fs_base") != std::string::npos ||
             line.function.find("set_control_registers") != std::string::npos ||
             line.function.find("set_trace") != std::string::npos ||
             line.function.find("start_interrupt_controllers") != std::string::npos));
  }
}

TEST_CASE("kernel image: the timer's vector is of a lower class than every interrupt's; entries know theirs") {
  std::set<unsigned long> timer, others;
  std::string previous;
  for (const Line& line : disassembly()) {
    // The local vector table's entry of the timer; bit 16 masks it.
    if (begins(line.code, "movl   $0x") && line.code.find(",0xffffffffd0000320") != std::string::npos)
      timer.insert(std::strtoul(line.code.c_str() + 8, nullptr, 16) & 0xff);
    if (line.function != previous && begins(line.function, "vector_") && std::isdigit(line.function[7])) {
      const unsigned long vector = std::strtoul(line.function.c_str() + 7, nullptr, 10);
      others.insert(vector);
      // Entries of interrupts push their number, negative.
      CAPTURE(line.function);
      CAPTURE(line.code);
      if (vector > 0x30) {
        REQUIRE(begins(line.code, "push   $0x"));
        CHECK(std::strtoul(line.code.c_str() + 8, nullptr, 16) == 0x30 - vector);
      }
    }
    previous = line.function;
  }
  REQUIRE(timer.size() == 1);
  CHECK(others.erase(*timer.begin()) == 1);
  others.erase(others.begin(), others.lower_bound(32));  // the CPU's exceptions
  CHECK(others.size() == 119);
  CHECK(*timer.begin() / 16 < *others.begin() / 16);
}
