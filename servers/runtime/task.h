// SPDX-License-Identifier: MIT
// Threads and tasks, for programs in a privileged space (the root task's).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <l4/l4.hpp>

namespace runtime {

// Where every task of this tree sees the kernel interface page and its UTCBs: where
// the kernel puts them for root tasks.
inline constexpr l4::Word kip_address = 0xbff00000;
inline constexpr l4::Word utcb_address = 0xbf000000;
inline constexpr unsigned utcb_area_order = 18;
inline constexpr l4::Word utcb_bytes = 1024;

// The thread `index` (0 the first one) of any such task has its UTCB there.
inline void* utcb_location(unsigned index) {
  return reinterpret_cast<void*>(utcb_address + index * utcb_bytes);
}

// A thread id that this program has not used yet.
l4::ThreadId new_thread_id();

// Starts a thread in the caller's space at `entry`, on the stack, with the
// argument; it must not return. Its pager is the caller's, its scheduler the
// caller, its priority the kernel's default (100). Nothing if the kernel refused.
using ThreadEntry = void (*)(l4::Word argument);
std::optional<l4::ThreadId> start_thread(ThreadEntry entry, l4::Word argument, std::span<std::byte> stack);

// Makes a thread in a space of its own, with KIP and UTCB area where the constants
// above say. It waits for start_task. `scheduler` nil: the caller.
std::optional<l4::ThreadId> create_task(l4::ThreadId pager, l4::ThreadId scheduler = l4::ThreadId::nil());

// The same two, with an id that the caller has chosen. False: the kernel refused, and
// nothing was made.
bool make_task(l4::ThreadId id, l4::ThreadId pager, l4::ThreadId scheduler = l4::ThreadId::nil());
bool make_thread(l4::ThreadId id, l4::ThreadId task, unsigned index, l4::ThreadId pager);

// A further thread, number `index` (1 .. 255), in the space of a task.
std::optional<l4::ThreadId> add_thread(l4::ThreadId task, unsigned index, l4::ThreadId pager);

// Lets a thread of create_task or add_thread run. Only its pager may call this.
bool start_task(l4::ThreadId task, l4::Word ip, l4::Word sp);

// Stack pointer and instruction pointer with which a thread enters `entry` with
// the argument: for start_task, when the task sees this program's own memory.
l4::Word stack_for(ThreadEntry entry, l4::Word argument, std::span<std::byte> stack);
l4::Word thread_entry_ip();

// Ends a thread; with the last one of a space the space goes too.
bool delete_thread(l4::ThreadId thread);

}  // namespace runtime
