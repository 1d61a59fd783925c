// SPDX-License-Identifier: MIT
// Whether the tasks of a manifest can be started from what there is of programs.
#pragma once

#include "archive.h"
#include "manifest.h"

namespace root {

// One task's program; none: there is no such file.
void check_program(const Manifest& manifest, const TaskSpec& task,
                   std::optional<std::span<const unsigned char>> file, Complaints& complaints);

// All tasks' programs, in an archive without fault.
void check_programs(const Manifest& manifest, const Archive& archive, Complaints& complaints);

}  // namespace root
