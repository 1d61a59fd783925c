// SPDX-License-Identifier: MIT
// The threads that exist from the start: sigma0, the root task, the interrupts,
// and the CPU's idle thread.
#pragma once

#include "cpu.h"

namespace mica {

struct Platform;

// Makes them all; returns the first thread to run. Panics when there is no memory.
[[nodiscard]] Thread* create_root_tasks(Cpu& cpu, const Platform& platform);

}  // namespace mica
