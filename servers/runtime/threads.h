// SPDX-License-Identifier: MIT
// Further threads of a task, with the pages of its image only.
#pragma once

#include <cstddef>

#include <mica/root.h>

namespace runtime {

// Starts a thread that runs `entry(argument)` on the stack; it must not return. Its pager is
// the root server. Errors: as Root::create_thread.
mica::Result<l4::ThreadId> start_task_thread(void (*entry)(l4::Word), l4::Word argument, std::span<std::byte> stack);

}  // namespace runtime
