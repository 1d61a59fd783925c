// SPDX-License-Identifier: MIT
// How late a timeout ends: a thread in another space sleeps until a point in time, another
// one each time, while a less urgent one runs.
//
//   timer/late   from the moment that SystemClock changes to the time that was asked for to
//                the first instruction of the sleeper. The moment is known from those of
//                the clock's changes before, to about ten instructions. 1000 of it are one
//                microsecond that the kernel adds to the point, so as not to be early
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "interrupt.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word sleeper_priority = 200;
constexpr unsigned mark = 3;

constinit volatile Word wake_at = 0, woken_at = 0;

[[noreturn]] void sleeper(Word) {
  for (;;) {
    Words m;
    l4::ipc_words(ThreadId::nil(), main_thread(), l4::Timeouts::never(), m);
    L4_Sleep(L4_TimePoint({.raw = wake_at}));
    woken_at = ticks();
    mark_close<mark>();
  }
}

Word ticks_of(Word us) {
  return us * L4_ProcDescInternalFreq(L4_ProcDesc(L4_GetKernelInterface(), 0)) / 1000;
}

// The tick at which the clock showed `us` first, as seen from a while before.
Word tick_of(Word us) {
  constexpr unsigned edges = 256;
  Word best = ~Word{0};
  Word clock = L4_SystemClock().raw;
  for (unsigned i = 0; i < edges; ++i) {
    Word next = clock, now = 0;
    while (next == clock) {
      next = L4_SystemClock().raw;
      now = ticks();
    }
    clock = next;
    const Word tick = now + ticks_of(us - clock);
    if (tick < best) best = tick;
  }
  if (clock >= us) runtime::panic("the time came too early");
  return best;
}

}  // namespace

void measure_timer() {
  const ThreadId other = start_in_space(sleeper);
  L4_Set_Priority(other, sleeper_priority);
  measure_once(
      {"interrupt", "timer/late"}, mark,
      [other, distance = Word{900}]() mutable {
        woken_at = 0;
        wake_at = L4_SystemClock().raw + ++distance;
        Words m(Tag::make(0, 0));
        if (l4::send_words(other, m).failed()) runtime::panic("the sleeper does not listen");
        const Word due = tick_of(wake_at);
        mark_open<mark>();
        while (woken_at == 0) {
        }
        if (woken_at < due) runtime::panic("a timeout ended too early");
        return woken_at - due;
      },
      1, Samples::capacity);
  runtime::delete_thread(other);
}

}  // namespace bench
