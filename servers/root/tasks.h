// SPDX-License-Identifier: MIT
// All tasks: those of the manifest keep their place, spawned ones take a free one.
#pragma once

#include "task.h"

namespace root {

class Tasks {
 public:
  static constexpr Word first_index = 2;  // thread numbers below 128 are not for tasks
  static constexpr Word capacity = 128;

  // Null: no running task has the id, or the thread is none of its.
  Task* find(TaskId id);
  Task* of(l4::ThreadId thread);
  // A task of the manifest by its name, in any state.
  Task* named(std::string_view name);
  // The running task with the smallest index from `index` on.
  Task* from(Word index);

  // A free place for a spawned task; null if there is none.
  Task* free_place();
  // The place of the n-th task of the manifest.
  Task& place(Word n) { return tasks_[n]; }
  Word index_of(const Task& task) const { return first_index + static_cast<Word>(&task - tasks_.data()); }
  void set_manifest_tasks(Word n) { manifest_tasks_ = n; }
  bool is_of_manifest(const Task& task) const { return index_of(task) - first_index < manifest_tasks_; }

  Word children(TaskId parent) const;
  Task* begin() { return tasks_.data(); }
  Task* end() { return tasks_.data() + capacity; }

 private:
  std::array<Task, capacity> tasks_{};
  Word manifest_tasks_ = 0;
};

extern Tasks tasks;

}  // namespace root
