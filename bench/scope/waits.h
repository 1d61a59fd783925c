// SPDX-License-Identifier: MIT
// How long the kernel keeps interrupts away, at worst: not by sampling, but by watching
// every moment between two marks.
//
// The kernel lets interrupts in where it executes STI or HLT, and while a user runs. So
// the longest run of kernel instructions without either is the longest that an interrupt
// can wait, before the kernel takes it. Kept of each window: the longest run, where it
// begins and ends, and how its instructions are spread over functions.
//
// Blocks of code are counted when they are entered; a fault in the middle of one, which
// the kernel does not have, would be counted with the whole block.
#pragma once

#include <string>

#include "plugin_api.h"
#include "symbols.h"

namespace scope {

// To be called for each block that is translated; `is_user`: does it lie where users
// execute?
void watch_waits(qemu_plugin_tb* block, bool is_user);
// A mark, as a callback of its instruction: its id and, in bit 16, whether it opens.
void mark_waits(unsigned cpu, void* number);

// Writes what was found. False: errno says why not.
[[nodiscard]] bool save_waits(const std::string& path, const Symbols& symbols);

}  // namespace scope
