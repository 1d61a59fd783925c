// SPDX-License-Identifier: MIT
// N threads that could run.
//
//   ready/N       ThreadSwitch(nil) by N + 1 threads of one priority, the measuring one in
//                 one space and the others in another: once round, divided by N + 1
//   ipc-ready/N   an IPC round trip between spaces, by threads of a higher priority
#include <runtime/program.h>

#include "../lib/crowd.h"
#include "../lib/loops.h"
#include "../lib/measure.h"
#include "../lib/world.h"
#include "threads.h"

namespace bench {

namespace {

using l4::ThreadId;
using l4::Word;

constexpr Word crowd_priority = 100, own_priority = 255;

constinit Crowd crowd;
constinit volatile Word turns = 0;

[[noreturn]] void yield_for_ever(Word) {
  for (;;) {
    turns = turns + 1;
    L4_Yield();
  }
}

template <unsigned mark, unsigned size>
void with_ready(const char* name, const char* ipc_name, ThreadId partner) {
  crowd.make(size);
  crowd.start(yield_for_ever, crowd_priority);
  measure_rounds<mark + 1>({"thread", ipc_name}, round_trips<0>(partner));
  L4_Set_Priority(ThreadId::self(), crowd_priority);
  measure_once(
      {"thread", name}, mark,
      [] {
        const Word before = turns;
        mark_open<mark>();
        const Word start = ticks();
        L4_Yield();
        const Word taken = ticks() - start;
        mark_close<mark>();
        if (turns - before != size) runtime::panic("not all threads had their turns");
        return taken;
      },
      size + 1, 5);
  L4_Set_Priority(ThreadId::self(), own_priority);
  crowd.end();
}

}  // namespace

void measure_ready_threads() {
  const ThreadId partner = start_in_space(echo);
  L4_Set_Priority(partner, own_priority);
  with_ready<11, 1>("ready/1", "ipc-ready/1", partner);
  with_ready<13, 16>("ready/16", "ipc-ready/16", partner);
  with_ready<15, 256>("ready/256", "ipc-ready/256", partner);
  with_ready<17, 4096>("ready/4096", "ipc-ready/4096", partner);
  with_ready<19, 16'384>("ready/16384", "ipc-ready/16384", partner);
  runtime::delete_thread(partner);
}

}  // namespace bench
