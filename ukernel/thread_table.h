// SPDX-License-Identifier: MIT
// All threads, by number: an array of TCBs at a constant address. Pages of it
// without a thread show zeros, so that looking a number up never fails and an id
// never matches there. TCB 0 belongs to no id: it is the CPU's idle thread.
#pragma once

#include <bit>
#include <seam.h>

#include "thread.h"

namespace mica {

namespace thread_table {

inline constexpr u64 threads_a_page = page_size / sizeof(Thread);
inline constexpr u64 pages = max_threads / threads_a_page;

struct Pages {
  u8 live[pages];          // threads in each
  u64 end;                 // no page from here on was ever in use
  u64 spare;               // backed though nobody is there; 0: none, since page 0 has TCB 0
};
extern Pages table;
extern Pool pool;          // pays for the pages

}  // namespace thread_table

// A cleared TCB for a number that no thread has; null: out of kernel memory.
// TCBs without a thread are clear, but for what create_thread() sets.
[[nodiscard]] Thread* make_tcb(u64 number);
void free_tcb(Thread& t);

inline u64 number_of(const Thread& t) { return static_cast<u64>(&t - tcb_array()); }

// By the whole id; null when no thread has it. The TCB that a number leads to has an id
// with that number or none. No TCB has a local or special id, nor does the zero of absent
// ones match: that would be number 0, TCB 0, whose id leads elsewhere.
[[gnu::always_inline]] inline Thread* find_thread(ThreadId id) {
  Thread& t = tcb_array()[id.number() & (max_threads - 1)];
  return t.id == id ? &t : nullptr;
}

// UTCB slots that nobody has lead to TCB 0, which spares the fast path a check.
inline Thread* no_thread() { return tcb_array(); }

// By a local id, in the space that it is local to.
inline Thread* find_local(const Space& space, ThreadId id) {
  const UtcbSlots& slots = space.slots;
  const u64 slot = std::rotr(id.raw - slots.first, static_cast<int>(utcb_align_bits));
  Thread** frame = nullptr;
  if (slot < slots.direct)
    frame = slots.direct_threads;
  else if (slot < slots.count && slots.further)
    frame = slots.further[slot / 512];
  if (!frame || frame[slot % 512] == no_thread()) return nullptr;
  return frame[slot % 512];
}

// Calls visit(t) for each TCB, with or without a thread, from number `first` on,
// in the pages that are in use.
template <typename Visit>
void each_tcb(u64 first, Visit visit) {
  for (u64 page = first / thread_table::threads_a_page; page < thread_table::table.end; ++page) {
    if (thread_table::table.live[page] == 0) continue;
    Thread* const threads = tcb_array() + page * thread_table::threads_a_page;
    for (u64 i = 0; i < thread_table::threads_a_page; ++i) visit(threads[i]);
  }
}

template <typename Visit>
void each_thread(Visit visit) {
  each_tcb(0, [&](Thread& t) {
    if (t.exists()) visit(t);
  });
}

}  // namespace mica
