// SPDX-License-Identifier: MIT
#include "tasks.h"

namespace root {

constinit Tasks tasks;

Task* Tasks::find(TaskId id) {
  if (id.index() - first_index >= capacity) return nullptr;
  Task& task = tasks_[id.index() - first_index];
  return task.running() && task.id() == id ? &task : nullptr;
}

Task* Tasks::of(l4::ThreadId thread) {
  Task* const task = find(TaskId::of(thread));
  return task != nullptr && task->has_thread(thread.number() % mica::threads_per_task) ? task : nullptr;
}

Task* Tasks::named(std::string_view name) {
  for (Task& task : tasks_) {
    if (is_of_manifest(task) && task.name() == name) return &task;
  }
  return nullptr;
}

Task* Tasks::provider(std::string_view name) {
  for (Task& task : tasks_) {
    if (is_of_manifest(task) && task.provides(name)) return &task;
  }
  return nullptr;
}

Task* Tasks::from(Word index) {
  const Word n = index < first_index ? 0 : index - first_index;
  for (Word i = n; i < capacity; ++i) {
    if (tasks_[i].running()) return &tasks_[i];
  }
  return nullptr;
}

Word Tasks::children(TaskId parent) const {
  Word n = 0;
  for (const Task& task : tasks_) n += task.running() && task.parent == parent ? 1u : 0u;
  return n;
}

}  // namespace root
