// SPDX-License-Identifier: MIT
// Further threads for a benchmark that runs as root task. Those in other spaces run
// the same program on the same memory: a pager thread (examples/pager) gives them
// its pages at the addresses that they have here, so globals are shared.
#pragma once

#include <optional>
#include <span>

#include <l4/l4.hpp>
#include <runtime/task.h>

#include "../../examples/pager/pager.h"

namespace bench {

// Starts the pager thread; it serves `extra` and the program's own memory.
void start_pager(std::span<const pager::Region> extra = {});

// A request to the pager thread: take the pages of the extra regions away.
void take_extra_regions_away();

// A thread in this space, or in a new one. Panics if the kernel refuses.
l4::ThreadId start_here(runtime::ThreadEntry entry, l4::Word argument = 0);
l4::ThreadId start_in_space(runtime::ThreadEntry entry, l4::Word argument = 0);

// The same on a given stack; nothing if the kernel has no memory for a space.
std::optional<l4::ThreadId> try_start_in_space(runtime::ThreadEntry entry, l4::Word argument,
                                               std::span<std::byte> stack);

// The root task's first thread, and the pager thread.
l4::ThreadId main_thread();
l4::ThreadId pager_thread_id();

}  // namespace bench
