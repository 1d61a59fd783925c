// SPDX-License-Identifier: MIT
// Tasks as a person names them.
#pragma once

#include <mica/root.h>

namespace shell {

// Calls visit(const mica::TaskInfo&) for each living task, by their numbers.
template <typename Visit>
void for_each_task(Visit&& visit) {
  for (mica::Word index = 0;;) {
    const auto info = mica::call<mica::Root::task_info>(mica::root_server(), index);
    if (!info) return;
    visit(*info);
    index = info->id.index() + 1;
  }
}

// What L4_Schedule says of a thread, in a word.
const char* state_name(mica::Word state);

// By name or by number (the task's index); of several with the name the first.
mica::Result<mica::TaskInfo> find_task(std::string_view text);

}  // namespace shell
