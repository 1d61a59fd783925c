// SPDX-License-Identifier: MIT
// Which instructions the microscope takes for costly (bench/scope/costly.h).
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bench/scope/costly.h"

using namespace scope;

namespace {

std::string kind_of(const std::vector<std::uint8_t>& bytes) { return name_of(classify(bytes)); }

}  // namespace

TEST_CASE("microscope, instructions: entries, exits and what privileges need") {
  CHECK(kind_of({0x0f, 0x05}) == "syscall");
  CHECK(kind_of({0x48, 0x0f, 0x07}) == "sysret");
  CHECK(kind_of({0x48, 0xcf}) == "iret");
  CHECK(kind_of({0xcd, 0x80}) == "int");
  CHECK(kind_of({0x0f, 0x22, 0xd9}) == "cr3-write");
  CHECK(kind_of({0x41, 0x0f, 0x22, 0xd9}) == "cr3-write");  // from R9
  CHECK(kind_of({0x0f, 0x22, 0xe0}) == "cr-write");
  CHECK(kind_of({0x0f, 0x20, 0xd8}) == "plain");  // reads CR3
  CHECK(kind_of({0x0f, 0x30}) == "wrmsr");
  CHECK(kind_of({0x0f, 0x32}) == "rdmsr");
  CHECK(kind_of({0x0f, 0x01, 0xf8}) == "swapgs");
  CHECK(kind_of({0x0f, 0x01, 0xf9}) == "rdtsc");  // RDTSCP
  CHECK(kind_of({0x0f, 0x01, 0x3f}) == "invlpg");
  CHECK(kind_of({0x66, 0x0f, 0x38, 0x82, 0x07}) == "invpcid");
  CHECK(kind_of({0x0f, 0x01, 0x17}) == "lgdt");
  CHECK(kind_of({0x0f, 0x01, 0x07}) == "plain");  // SGDT
  CHECK(kind_of({0x0f, 0x01, 0xca}) == "plain");  // CLAC
  CHECK(kind_of({0x48, 0xcb}) == "far");
  CHECK(kind_of({0x48, 0xff, 0x2f}) == "far");
  CHECK(kind_of({0xff, 0x27}) == "plain");  // a near jump
  CHECK(kind_of({0xf4}) == "hlt");
  CHECK(kind_of({0xfa}) == "cli-sti");
}

TEST_CASE("microscope, instructions: segments and their bases") {
  CHECK(kind_of({0xf3, 0x48, 0x0f, 0xae, 0xd0}) == "wrbase");
  CHECK(kind_of({0xf3, 0x48, 0x0f, 0xae, 0xd8}) == "wrbase");
  CHECK(kind_of({0xf3, 0x48, 0x0f, 0xae, 0xc8}) == "rdbase");
  CHECK(kind_of({0x8e, 0xe0}) == "load-fs");
  CHECK(kind_of({0x8e, 0xe8}) == "load-gs");
  CHECK(kind_of({0x0f, 0xa9}) == "load-gs");
  CHECK(kind_of({0x8e, 0xd8}) == "load-seg");
  CHECK(kind_of({0x8c, 0xe8}) == "plain");              // reads GS
  CHECK(kind_of({0x65, 0x48, 0x8b, 0x00}) == "plain");  // uses GS
}

TEST_CASE("microscope, instructions: order, locks, FPU state, ports") {
  CHECK(kind_of({0x0f, 0xae, 0xe8}) == "lfence");
  CHECK(kind_of({0x0f, 0xae, 0xf0}) == "mfence");
  CHECK(kind_of({0x0f, 0xae, 0xf8}) == "sfence");
  CHECK(kind_of({0x0f, 0xae, 0x38}) == "cache-flush");
  CHECK(kind_of({0x66, 0x0f, 0xae, 0x30}) == "cache-flush");  // CLWB
  CHECK(kind_of({0x48, 0x0f, 0xae, 0x30}) == "xsave");        // XSAVEOPT
  CHECK(kind_of({0x48, 0x0f, 0xae, 0x00}) == "xsave");        // FXSAVE
  CHECK(kind_of({0x48, 0x0f, 0xae, 0x28}) == "xrstor");
  CHECK(kind_of({0x48, 0x0f, 0xc7, 0x20}) == "xsave");  // XSAVEC
  CHECK(kind_of({0x48, 0x0f, 0xc7, 0x18}) == "xrstor");
  CHECK(kind_of({0x48, 0x0f, 0xc7, 0x08}) == "plain");  // CMPXCHG16B without LOCK
  CHECK(kind_of({0xf0, 0x48, 0xff, 0x00}) == "lock");
  CHECK(kind_of({0x48, 0x87, 0x30}) == "lock");
  CHECK(kind_of({0x48, 0x87, 0xf0}) == "plain");  // XCHG of registers
  CHECK(kind_of({0xe4, 0x80}) == "in");
  CHECK(kind_of({0x66, 0xef}) == "out");
  CHECK(kind_of({0xf3, 0x90}) == "pause");
  CHECK(kind_of({0x90}) == "plain");
  CHECK(kind_of({0x48, 0xf7, 0xf1}) == "div");
  CHECK(kind_of({0x48, 0xf7, 0xe1}) == "plain");  // MUL
}

TEST_CASE("microscope, instructions: what only looks like one, or ends early") {
  CHECK(kind_of({0x0f, 0x1f, 0x84, 0x00, 0x01, 0x00, 0x42, 0x4d}) == "plain");
  CHECK(kind_of({0xc5, 0xf8, 0xae, 0x10}) == "plain");  // VLDMXCSR
  for (const auto& bytes : std::vector<std::vector<std::uint8_t>>{{}, {0x0f}, {0x66}, {0x48}, {0xf3, 0x48}}) {
    CHECK(kind_of(bytes) == "plain");
  }
}
