// SPDX-License-Identifier: MIT
// From one running thread to another.
//
//   yield/intra, yield/inter   ThreadSwitch(nil) to a thread of the same priority, in the
//                              same and in another space, which does the same: one switch
//   preempt/timeout            the timeout of a more urgent thread in another space ends:
//                              from the last instruction of the running thread, which reads
//                              the counter all the time, to the first one of the other
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "threads.h"

namespace bench {

namespace {

using l4::ThreadId;
using l4::Word;

constexpr Word low_priority = 100, high_priority = 200, own_priority = 255;

constinit volatile Word turns = 0, woken_at = 0;

[[noreturn]] void yield_for_ever(Word) {
  for (;;) {
    L4_Yield();
    turns = turns + 1;
  }
}

// Half of the switches are the other's.
Word yield_rounds(unsigned rounds) {
  const Word before = turns, start = ticks();
  const unsigned own = (rounds + 1) / 2;
  unsigned left = own;
  do {
    L4_Yield();
  } while (--left != 0);
  const Word taken = ticks() - start;
  if (turns - before != own && before != 0) runtime::panic("not all threads had their turns");
  return taken;
}

template <unsigned mark>
void yield_to(const char* name, ThreadId other) {
  L4_Set_Priority(other, low_priority);
  L4_Set_Priority(ThreadId::self(), low_priority);
  measure_rounds<mark>({"thread", name}, yield_rounds);
  L4_Set_Priority(ThreadId::self(), own_priority);
  runtime::delete_thread(other);
  turns = 0;
}

constexpr unsigned preempt_mark = 6;

[[noreturn]] void sleep_and_wake(Word) {
  for (;;) {
    l4::Words m;
    l4::ipc_words(ThreadId::nil(), main_thread(), l4::Timeouts::never(), m);
    L4_Sleep(L4_TimePeriod(100));
    woken_at = ticks();
    mark_close<preempt_mark>();
  }
}

void preempt() {
  const ThreadId other = start_in_space(sleep_and_wake);
  L4_Set_Priority(other, high_priority);
  L4_Set_Priority(ThreadId::self(), low_priority);
  measure_once({"thread", "preempt/timeout"}, preempt_mark, [other] {
    woken_at = 0;
    l4::Words m(l4::Tag::make(0, 0));
    if (l4::send_words(other, m).failed()) runtime::panic("the sleeper does not listen");
    mark_open<preempt_mark>();
    Word last, now = ticks();
    do {
      last = now;
      now = ticks();
    } while (woken_at == 0);
    // The wake-up was between the two, or after the second one.
    return woken_at - (now < woken_at ? now : last);
  });
  L4_Set_Priority(ThreadId::self(), own_priority);
  runtime::delete_thread(other);
}

}  // namespace

void measure_switches() {
  yield_to<4>("yield/intra", start_here(yield_for_ever));
  yield_to<5>("yield/inter", start_in_space(yield_for_ever));
  preempt();
}

}  // namespace bench
