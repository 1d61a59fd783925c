// SPDX-License-Identifier: MIT
// Tasks as a person names them.
#pragma once

#include <mica/tasks.h>

namespace shell {

using mica::for_each_task;

// What L4_Schedule says of a thread, in a word.
const char* state_name(mica::Word state);

// By name or by number (the task's index); of several with the name the first.
mica::Result<mica::TaskInfo> find_task(std::string_view text);

}  // namespace shell
