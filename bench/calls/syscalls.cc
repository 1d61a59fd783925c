// SPDX-License-Identifier: MIT
// Calls without a partner. Counted: the call with its stub, the loading of its
// arguments, the use of its result, and two instructions for the loop.
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "calls.h"

namespace bench {

namespace {

using l4::Word;

template <unsigned mark, class Call>
void system_call(const char* name, Word target, Word best, Call call) {
  measure_rounds<mark>({"syscall", name, target, best}, repeat(call));
}

alignas(4096) char page[4096];

}  // namespace

void measure_system_calls() {
  system_call<31>("null", 50, 56, [] { L4_ThreadSwitch(L4_nilthread); });
  Word clock = 0;
  system_call<32>("clock", 50, 84, [&clock] {
    const Word now = L4_SystemClock().raw;
    if (now < clock) [[unlikely]]
      runtime::panic("the clock goes backwards");
    clock = now;
  });
  const void* const kip = L4_GetKernelInterface();
  system_call<33>("kernelinterface", 80, 82, [kip] {
    if (L4_GetKernelInterface() != kip) [[unlikely]]
      runtime::panic("the KIP has moved");
  });
  const l4::ThreadId self = l4::ThreadId::self();
  system_call<34>("exregs-id", 90, 142, [self] {
    if (L4_IsNilThread(L4_LocalIdOf(self))) [[unlikely]]
      runtime::panic("no local id");
  });
  system_call<35>("schedule/query", 120, 216, [self] {
    Word old_time;
    if (l4_schedule(self.raw, ~Word{0}, ~Word{0}, ~Word{0}, ~Word{0}, &old_time) == 0) [[unlikely]] {
      runtime::panic("Schedule failed");
    }
  });
  page[0] = 1;
  const l4::Fpage query = l4::Fpage::page(reinterpret_cast<Word>(page));
  system_call<36>("unmap/query", 0, 656, [query] {
    Word mr[8] = {query.raw};
    l4_unmap_registers(0, mr);
    if (l4::Fpage(mr[0]).base() != query.base()) [[unlikely]]
      runtime::panic("wrong answer of Unmap");
  });
}

}  // namespace bench
