// SPDX-License-Identifier: MIT
// The page that tells all tasks which of them live, and the versions that tasks get: those of one
// place only grow, so that a thread's id never means another thread.
#pragma once

#include <mica/task.h>

#include "frames.h"

namespace root {

[[nodiscard]] bool make_system_page();
Address system_page();
// The version that the next task in the place gets.
l4::Word next_version(l4::Word task_index);
// 0: nobody lives there.
void set_living_version(l4::Word task_index, l4::Word version);

}  // namespace root
