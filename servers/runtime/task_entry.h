// SPDX-License-Identifier: MIT
// How a task begins that does not know who started it (task_entry.S).
#pragma once

#include <l4/l4.hpp>

namespace runtime {

inline constexpr l4::Word task_entry_bytes = 40;

// Puts the code with which a new task begins into memory that will be mapped into its space, of
// task_entry_bytes: it names the pager as exception handler and jumps to `entry`.
void write_task_entry(void* to, l4::Word entry);

}  // namespace runtime
