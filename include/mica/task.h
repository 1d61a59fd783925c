// SPDX-License-Identifier: MIT
// Tasks: a space with its threads, as the root server numbers them, and what it tells
// each of them in two pages that it may only read.
//
// All threads of a task have numbers of one block of 64, and the version of that
// incarnation of the task. So the sender's id that the kernel gives with each message
// says which task it is, and nothing else has to be asked.
#pragma once

#include <cstdint>
#include <string_view>

#include "result.h"

namespace mica {

inline constexpr unsigned threads_per_task = 64;  // at most
inline constexpr unsigned max_tasks = 512;        // at a time

struct TaskId {
  Word raw = 0;  // bits 32-63 the block of its thread numbers, 0-31 the version; 0 is none

  constexpr TaskId() = default;
  constexpr explicit TaskId(Word word) : raw(word) {}
  constexpr TaskId(Word index, Word version) : raw(index << 32 | version) {}
  // The task of a thread; `thread` is a global id.
  static constexpr TaskId of(l4::ThreadId thread) {
    return TaskId((thread.raw >> 38 << 32) | (thread.raw & 0xffff'ffff));
  }
  constexpr bool operator==(const TaskId&) const = default;
  constexpr bool is_none() const { return raw == 0; }
  constexpr Word index() const { return raw >> 32; }
  constexpr Word version() const { return raw & 0xffff'ffff; }
  // Thread number `n` of it, 0 .. 63; 0 is the one that the root server has started.
  constexpr l4::ThreadId thread(unsigned n) const {
    return l4::ThreadId::global(index() * threads_per_task + n, version());
  }
};

// One page for all tasks: the version of the living task of each index, 0 for none.
struct SystemPage {
  static constexpr Word address = 0xbfe00000;
  volatile std::uint32_t versions[max_tasks + 16];
};

// Does the task still exist? Costs no message. One that has ended never returns.
inline bool alive(TaskId task) {
  const auto* const page = reinterpret_cast<const SystemPage*>(SystemPage::address);
  return task.index() < max_tasks + 16 && page->versions[task.index()] == task.version();
}

// A page for each task.
struct TaskPage {
  static constexpr Word address = 0xbfd00000;
  l4::ThreadId root;      // the root server
  TaskId task;            // this one
  Word image_low, image_high;  // its program's pages are between these addresses
  char name[32];          // of the task, NUL-terminated
  char program[64];       // the file in the boot archive
  char arguments[512];    // the words behind the program's name
  static constexpr Word entry = address + 0xf00;  // where it begins to run (runtime/task_entry.S)
};

// A task starts with a stack that ends where its page begins; its pages are given when they
// are touched.
inline constexpr Word first_stack_bytes = 0x4000;

// Where the kernel interface page of a task is.
inline const void* kernel_page() { return reinterpret_cast<const void*>(0xbff00000); }

inline const TaskPage& this_task() { return *reinterpret_cast<const TaskPage*>(TaskPage::address); }

}  // namespace mica
