// SPDX-License-Identifier: MIT
// The tasks that live, as the root server tells about them.
#pragma once

#include "root.h"

namespace mica {

// The first one, by their numbers, of which is(const TaskInfo&) holds. not_found.
template <typename Is>
Result<TaskInfo> find_task(Is&& is) {
  for (Word index = 0;;) {
    const auto info = call<Root::task_info>(root_server(), index);
    if (!info || is(*info)) return info;
    index = info->id.index() + 1;
  }
}

// Calls visit(const TaskInfo&) for each, by their numbers.
template <typename Visit>
void for_each_task(Visit&& visit) {
  (void)find_task([&visit](const TaskInfo& task) { return visit(task), false; });
}

// The first one of that name; none while there is none.
inline TaskId task_named(std::string_view name) {
  const auto task = find_task([name](const TaskInfo& info) { return name == info.name; });
  return task ? task->id : TaskId();
}

// About this one. not_found: it has ended.
inline Result<TaskInfo> info_of(TaskId task) {
  const auto info = call<Root::task_info>(root_server(), task.index());
  if (info && info->id != task) return Error::not_found;
  return info;
}

}  // namespace mica
