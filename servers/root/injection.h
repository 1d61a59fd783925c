// SPDX-License-Identifier: MIT
// Faults that a test puts into a task, to see whether the system gets over them.
#pragma once

#include "task.h"

namespace root {

// The address of what was changed. not_found: the task has touched no such page yet.
Result<Address> inject(Task& task, mica::Fault kind, Word seed);

}  // namespace root
