// SPDX-License-Identifier: MIT
// Calls that do something to another thread. It is in the caller's space, of a lower
// priority, and ready, but for the rows that say otherwise.
//
//   threadswitch/thread        ThreadSwitch to a thread of the same priority, and its
//                              ThreadSwitch back: two calls
//   exregs/set-handle          ExchangeRegisters sets the user-defined handle
//   exregs/set-pager           ... the pager
//   exregs/halt+resume         ... halts the thread, and lets it run again: two calls
//   schedule/set-priority      Schedule sets a priority, another one each time
//   schedule/set-slice         ... the time slice, another one each time
//   threadcontrol/set-scheduler   ThreadControl names another scheduler each time
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "calls.h"

namespace bench {

namespace {

using l4::ThreadId;
using l4::Word;

constexpr Word low_priority = 50;

constinit ThreadId self, subject;
constinit volatile Word switches = 0;

[[noreturn]] void spin(Word) {
  for (;;) {
  }
}

[[noreturn]] void switch_back(Word) {
  for (;;) {
    switches = switches + 1;
    L4_ThreadSwitch(main_thread());
  }
}

void thread_switch() {
  const Word own_priority = 255;
  const ThreadId other = start_here(switch_back);
  L4_Set_Priority(other, own_priority);
  measure_rounds<37>({"syscall", "threadswitch/thread"}, repeat([other, seen = Word{0}]() mutable {
                       L4_ThreadSwitch(other);
                       if (switches == seen) [[unlikely]]
                         runtime::panic("the other thread did not run");
                       seen = switches;
                     }));
  runtime::delete_thread(other);
}

// What was there before is what the round before has set.
template <Word control, Word l4_exchange::*which>
auto exchange(Word one, Word other) {
  return [value = one, before = other]() mutable {
    l4_exchange x = {};
    x.control = control;
    x.*which = value;
    if (l4_exchange_registers(subject.raw, &x) == 0) [[unlikely]]
      runtime::panic("ExchangeRegisters failed");
    if (x.*which != before) [[unlikely]]
      runtime::panic("another value was there");
    before = value;
    value = x.*which;
  };
}

void halt_and_resume() {
  l4_exchange x = {};
  x.control = L4_ExRegApplyHalt | L4_ExRegHalt;
  l4_exchange_registers(subject.raw, &x);
  if (x.control & L4_ExRegWasHalted) [[unlikely]]
    runtime::panic("it was halted");
  x.control = L4_ExRegApplyHalt;
  l4_exchange_registers(subject.raw, &x);
  if (!(x.control & L4_ExRegWasHalted)) [[unlikely]]
    runtime::panic("it was not halted");
}

auto set_priority() {
  return [priority = low_priority]() mutable {
    priority ^= 1;
    if (L4_Set_Priority(subject, priority) != L4_SCHEDRESULT_RUNNING) [[unlikely]] {
      runtime::panic("the priority was not set");
    }
  };
}

auto set_slice() {
  return [slice = Word{500}]() mutable {
    slice ^= 1;
    Word old_time;
    if (l4_schedule(subject.raw, ~Word{0}, slice << 16 | 0xffff, ~Word{0}, ~Word{0}, &old_time) !=
        L4_SCHEDRESULT_RUNNING) [[unlikely]] {
      runtime::panic("the time slice was not set");
    }
  };
}

auto set_scheduler() {
  return [scheduler = self]() mutable {
    scheduler = ThreadId(scheduler.raw ^ self.raw ^ subject.raw);
    if (l4_thread_control(subject.raw, subject.raw, scheduler.raw, 0, ~Word{0}) != 1) [[unlikely]] {
      runtime::panic("ThreadControl failed");
    }
  };
}

}  // namespace

void measure_thread_calls() {
  self = ThreadId::self();
  thread_switch();
  subject = start_here(spin);
  L4_Set_Priority(subject, low_priority);
  const ThreadId pager = L4_Pager();
  L4_Set_UserDefinedHandleOf(subject, 1);
  measure_rounds<38>({"syscall", "exregs/set-handle"},
                     repeat(exchange<L4_ExRegUserHandle, &l4_exchange::user_handle>(2, 1)));
  measure_rounds<39>({"syscall", "exregs/set-pager"},
                     repeat(exchange<L4_ExRegPager, &l4_exchange::pager>(self.raw, pager.raw)));
  measure_rounds<40>({"syscall", "exregs/halt+resume"}, repeat(halt_and_resume));
  measure_rounds<41>({"syscall", "schedule/set-priority"}, repeat(set_priority()));
  measure_rounds<42>({"syscall", "schedule/set-slice"}, repeat(set_slice()));
  measure_rounds<43>({"syscall", "threadcontrol/set-scheduler"}, repeat(set_scheduler()));
  runtime::delete_thread(subject);
}

}  // namespace bench
