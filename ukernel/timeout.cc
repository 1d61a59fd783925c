// SPDX-License-Identifier: MIT
#include "timeout.h"

#include <seam.h>

#include "assertion.h"

namespace mica {

namespace {

u32 rank(const Thread* t) { return t ? t->heap_rank : 0; }

// Keeps the shorter spine on the right.
void settle(Thread& t) {
  if (rank(t.heap_left) < rank(t.heap_right)) {
    Thread* const left = t.heap_left;
    t.heap_left = t.heap_right;
    t.heap_right = left;
  }
  t.heap_rank = rank(t.heap_right) + 1;
}

// Melds two heaps along their right spines, which are logarithmic: down with the
// smaller root first, then up again to restore the ranks.
Thread* meld(Thread* a, Thread* b) {
  Thread* root = nullptr;
  Thread* last = nullptr;
  while (a && b) {
    if (b->wakes_at < a->wakes_at) {
      Thread* const t = a;
      a = b;
      b = t;
    }
    a->heap_parent = last;
    (last ? last->heap_right : root) = a;
    last = a;
    a = a->heap_right;
  }
  Thread* const rest = a ? a : b;
  (last ? last->heap_right : root) = rest;
  if (rest) rest->heap_parent = last;
  for (; last; last = last->heap_parent) settle(*last);
  return root;
}

}  // namespace

[[gnu::cold, gnu::noinline]] Ticks deadline(Time timeout) {
  const Ticks now = read_clock();
  // Conversions round down: a microsecond later, the clock shows the point or more.
  if (timeout.is_point()) return ticks_from_us(timeout.point(us_from_ticks(now)) + 1);
  const Ticks length = ticks_from_us(timeout.microseconds());
  return length > never - 1 - now ? never - 1 : now + length;
}

// A point that has passed counts as zero.
bool is_over(Time timeout) {
  return timeout.is_zero() || (timeout.is_point() && deadline(timeout) <= read_clock());
}

[[gnu::noinline]] void set_timeout(Cpu& cpu, Thread& thread, Ticks when) {
  MICA_ASSERT(!has_timeout(thread));
  thread.wakes_at = when;
  thread.heap_left = thread.heap_right = thread.heap_parent = nullptr;
  thread.heap_rank = 1;
  cpu.timeouts = meld(cpu.timeouts, &thread);
  cpu.stale = true;
}

void remove_timeout(Cpu& cpu, Thread& thread) {
  MICA_ASSERT(has_timeout(thread));
  cpu.stale = true;
  Thread* parent = thread.heap_parent;
  Thread* const below = meld(thread.heap_left, thread.heap_right);
  if (below) below->heap_parent = parent;
  if (!parent) {
    cpu.timeouts = below;
  } else {
    (parent->heap_left == &thread ? parent->heap_left : parent->heap_right) = below;
    for (; parent; parent = parent->heap_parent) {
      const u32 before = parent->heap_rank;
      settle(*parent);
      if (parent->heap_rank == before) break;
    }
  }
  thread.heap_rank = 0;
}

}  // namespace mica
