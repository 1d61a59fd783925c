// SPDX-License-Identifier: MIT
// All tasks: those of the manifest keep their place, spawned ones take a free one.
#pragma once

#include "places.h"
#include "task.h"

namespace root {

class Tasks {
 public:
  static constexpr Word first_index = 2;  // thread numbers below 128 are not for tasks
  static constexpr Word capacity = 128;

  // Null: no running task has the id, or the thread is none of its.
  Task* find(TaskId id);
  Task* of(l4::ThreadId thread);
  // A task of the manifest, whether it runs or not: by its name, or by one that it provides.
  Task* named(std::string_view name);
  Task* provider(std::string_view name);
  // The running task with the smallest index from `index` on.
  Task* from(Word index);

  // Who lives where; the n-th place, of the n-th task of the manifest or of a spawned one.
  Places<capacity>& places() { return places_; }
  Task& place(Word n) { return tasks_[n]; }
  Word index_of(const Task& task) const { return first_index + place_of(task); }
  Word place_of(const Task& task) const { return static_cast<Word>(&task - tasks_.data()); }
  bool is_of_manifest(const Task& task) const { return places_.is_reserved(place_of(task)); }

  Word children(TaskId parent) const;
  Task* begin() { return tasks_.data(); }
  Task* end() { return tasks_.data() + capacity; }

 private:
  std::array<Task, capacity> tasks_{};
  Places<capacity> places_;
};

extern Tasks tasks;

}  // namespace root
