// SPDX-License-Identifier: MIT
// The lines of crash reports (servers/runtime/crash_report.h) and kernel panics among others.
#pragma once

#include <optional>
#include <string>

#include "frame_table.h"

namespace symbolize {

// "crash: echo (program echo.elf) thread 192: write at 0x1000100, address 0x0"
std::optional<std::string> crashed_program(const std::string& line);

struct Frame {
  Address address;
  std::optional<Address> offset;  // of the word on the stack, above the stack pointer; nothing: the instruction
};

// "crash:   frame 0x1000100" and "crash:   frame 0x1000204 at sp+0x38"
std::optional<Frame> crash_frame(const std::string& line);

// "*** kernel panic: what"; then lines with one address each, as "  0xffffffff80001234".
bool begins_panic(const std::string& line);
std::optional<Address> panic_frame(const std::string& line);

}  // namespace symbolize
