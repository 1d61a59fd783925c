// SPDX-License-Identifier: MIT
// Making and unmaking spaces and threads; ThreadControl and SpaceControl
// (thread_control.cc, space_control.cc) decide who may.
#pragma once

#include "cpu.h"

namespace mica {

// An empty space without areas; null: out of kernel memory.
[[nodiscard]] Space* create_space();
// Revokes and gives back all that the space holds. It has no thread any more.
void destroy_space(Cpu& cpu, Space& space);
// The same for a space that create_space() has just made.
void abandon_space(Space& space);

// Sets the KIP and UTCB areas of a space that has none; false: out of memory.
[[nodiscard]] bool set_areas(Space& space, Fpage kip_area, Fpage utcb_area);
// Takes them away again; no thread of the space is active.
void drop_areas(Space& space);

// An inactive thread; null: out of kernel memory. The id's number is free.
[[nodiscard]] Thread* create_thread(ThreadId id, Space& space, ThreadId scheduler);
// Gives an inactive thread its UTCB at t.utcb_location; afterwards it waits for
// the start message of `pager`. An error has changed nothing.
[[nodiscard]] CallError activate(Cpu& cpu, Thread& t, ThreadId pager);
// With the space, if it was the last thread there. Not the running thread.
void delete_thread(Cpu& cpu, Thread& t);
// The same for a thread that never ran, whom nobody waits for and who is not the
// last one of its space; false: it is not that case, nothing was done.
[[nodiscard]] bool delete_inactive_thread(Thread& t);
// The thread goes on under another version; those who deal with the old id fail.
void rename_thread(Cpu& cpu, Thread& t, ThreadId id);

inline constexpr u8 default_priority = 100;
inline constexpr u64 default_slice_us = 10'000;

}  // namespace mica
