// SPDX-License-Identifier: MIT
// Calls for privileged spaces that make and delete nothing; for those that do, see
// ../threads.
//
//   spacecontrol/query     SpaceControl of a space with active threads: its areas stay,
//                          its redirector too
//   processorcontrol       ProcessorControl that asks for what is so
//   memorycontrol/1-page   MemoryControl that sets the attribute of one page, which is
//                          mapped nowhere else, to the default it has. WBINVD is one
//                          instruction of it, and takes long on hardware
#include <runtime/program.h>

#include <l4/misc.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "calls.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

alignas(4096) char page[4096];

}  // namespace

void measure_privileged_calls() {
  const l4::ThreadId self = l4::ThreadId::self();
  measure_rounds<44>({"syscall", "spacecontrol/query"}, repeat([self] {
                       Word old_control;
                       if (l4_space_control(self.raw, 0, 0, 0, 0, &old_control) != 1) [[unlikely]] {
                         runtime::panic("SpaceControl failed");
                       }
                     }));
  measure_rounds<45>({"syscall", "processorcontrol"}, repeat([] {
                       if (L4_ProcessorControl(0, 0, 0, 0) != 1) [[unlikely]] {
                         runtime::panic("ProcessorControl failed");
                       }
                     }));
  page[0] = 1;
  const Word attributes[4] = {L4_DefaultMemory, L4_DefaultMemory, L4_DefaultMemory, L4_DefaultMemory};
  measure_rounds<46>({"syscall", "memorycontrol/1-page"}, repeat([&attributes] {
                       Word mr[8] = {Fpage::page(reinterpret_cast<Word>(page)).raw};
                       if (l4_memory_control_registers(0, attributes, mr) != 1) [[unlikely]] {
                         runtime::panic("MemoryControl failed");
                       }
                     }));
}

}  // namespace bench
