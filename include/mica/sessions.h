// SPDX-License-Identifier: MIT
// A server's clients: one session a task, found by the sender's id alone. A task that
// has ended loses its session when its place is wanted, or in sweep().
#pragma once

#include <array>

#include "task.h"

namespace mica {

template <typename Session, unsigned capacity = 64>
class SessionTable {
  static_assert(capacity < 256);

 public:
  // That of the task which the thread, a global id, is of. Null if it has none.
  [[gnu::always_inline]] Session* find(l4::ThreadId thread) {
    const Word index = thread.number() / threads_per_task;
    if (index >= slots_.size()) [[unlikely]] return nullptr;
    Entry& entry = entries_[slots_[index]];
    return entry.task == TaskId::of(thread) ? &entry.session : nullptr;
  }

  // A fresh session; `close` is called with each old one that gives way. Null if all
  // belong to living tasks.
  template <typename Close>
  Session* open(TaskId task, Close&& close) {
    if (task.index() >= slots_.size()) return nullptr;
    unsigned slot = free_slot();
    if (slot == 0) {
      sweep(close);
      slot = free_slot();
    }
    if (slot == 0) return nullptr;
    drop(slots_[task.index()], close);  // of an earlier incarnation
    entries_[slot].task = task;
    slots_[task.index()] = static_cast<std::uint8_t>(slot);
    return &entries_[slot].session;
  }

  // Closes the sessions of tasks that have ended.
  template <typename Close>
  void sweep(Close&& close) {
    for (unsigned slot = 1; slot <= capacity; ++slot) {
      if (!entries_[slot].task.is_none() && !alive(entries_[slot].task)) drop(slot, close);
    }
  }

  template <typename Visit>
  void for_each(Visit&& visit) {
    for (unsigned slot = 1; slot <= capacity; ++slot) {
      if (!entries_[slot].task.is_none()) visit(entries_[slot].task, entries_[slot].session);
    }
  }

 private:
  struct Entry {
    TaskId task;
    Session session{};
  };

  unsigned free_slot() const {
    for (unsigned slot = 1; slot <= capacity; ++slot) {
      if (entries_[slot].task.is_none()) return slot;
    }
    return 0;
  }

  template <typename Close>
  void drop(unsigned slot, Close&& close) {
    Entry& entry = entries_[slot];
    if (slot == 0 || entry.task.is_none()) return;
    close(entry.session);
    if (slots_[entry.task.index()] == slot) slots_[entry.task.index()] = 0;
    entry.task = TaskId();
    entry.session = Session{};
  }

  std::array<std::uint8_t, max_tasks + 16> slots_{};  // of each task index: its entry, 0 for none
  std::array<Entry, capacity + 1> entries_{};         // entry 0 stays empty
};

}  // namespace mica
