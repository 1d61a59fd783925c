// SPDX-License-Identifier: MIT
// Making and unmaking spaces and threads; ThreadControl and SpaceControl
// (thread_control.cc, space_control.cc) decide who may.
#pragma once

#include <seam.h>

#include "cpu.h"

namespace mica {

// At boot.
void init_lifecycle();

// An empty space without areas; null: out of kernel memory.
[[nodiscard]] Space* create_space();
// Revokes and gives back all that the space holds, step by step. It has no thread any more.
Progress unmake_space(Cpu& cpu, Space& space, Budget& budget);
// The same for a space that create_space() has just made.
void abandon_space(Space& space);

// Sets the KIP and UTCB areas of a space that has none.
[[nodiscard]] MapStep set_areas(Space& space, Fpage kip_area, Fpage utcb_area, Budget& budget);
// Takes them away again; no thread of the space is active.
Progress drop_areas(Space& space, Budget& budget);

// An inactive thread; null: out of kernel memory. The id's number is free.
[[nodiscard]] Thread* create_thread(ThreadId id, Space& space, ThreadId scheduler);
// Could a thread of the space have its UTCB there?
[[nodiscard]] bool is_free_utcb(const Space& space, Address location);
// Gives an inactive thread its UTCB at t.utcb_location, which is free; afterwards it waits for
// the start message of `pager`. An error has changed nothing; not_yet: once more, there
// was something in the way.
[[nodiscard]] CallError activate(Thread& t, ThreadId pager, Budget& budget);
inline constexpr CallError not_yet{0xff};
// Its UTCB's place and its FPU state are free again.
void deactivate(Thread& t);
void join_space(Thread& t, Space& space);
void leave_space(Thread& t);
// Both at once, with what ThreadControl has in its registers.
[[nodiscard]] CallError create_active_thread(Space& space, const Registers& arguments);
// Takes a thread back that was made just now.
void undo_thread(Thread& t);
// Deletes a thread that never ran, or is armed, whom nobody waits for and who is not the
// last one of its space; false: it is not that case, nothing was done.
[[nodiscard]] bool delete_inactive_thread(Thread& t);
[[nodiscard]] bool delete_waiting_thread(Thread& t);
// The only one who waits for `t` by the id `id`, or null. Not for a thread whom many have met.
[[nodiscard]] inline Thread* lone_waiter(const Thread& t, ThreadId id) {
  Thread& w = tcb_array()[t.waiter];
  return w.is_receiving() && w.awaits() == id && &w != &t && !w.is_interrupt() ? &w : nullptr;
}

// Puts a thread into another space, an active one to the free UTCB there. Its IPC is
// cancelled. The space that it leaves may be without threads then.
[[nodiscard]] CallError move_thread(Cpu& cpu, Thread& t, Space& to, Address utcb_location, Budget& budget);

inline constexpr u8 default_priority = 100;
inline constexpr u64 default_slice_us = 10'000;

}  // namespace mica
