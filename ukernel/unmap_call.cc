// SPDX-License-Identifier: MIT
// Unmap and MemoryControl (X.2 manual, chapters 4.2 and 4.3).
#include <seam.h>

#include "calls.h"
#include "message.h"
#include "scheduler.h"

namespace mica {

u64 quick_unmap(u64 fpage, const Thread& caller) {
  const std::optional<Rights> accessed = unmap_plain(*caller.space, Fpage{fpage});
  return accessed ? Fpage{fpage}.with_rights(*accessed).raw : 0;
}

Thread* unmap_call(Cpu& cpu, Thread& caller) {
  const u64 control = caller.regs.rdx;
  const unsigned count = static_cast<unsigned>(bits(control, 0, 6)) + 1;
  const bool flush = bits(control, 6, 1) != 0;
  for (unsigned i = 0; i < count; ++i) {
    u64& mr = message_register_of(caller, i);
    const Fpage fpage{mr};
    mr = fpage.with_rights(unmap(*caller.space, fpage, flush)).raw;
  }
  caller.regs.rdi = caller.utcb;
  return go_on(cpu, caller);
}

// Memory attributes come with the page attribute table; until then the call
// says so instead of pretending.
Thread* memory_control(Cpu& cpu, Thread& caller) {
  const CallError error = caller.space->privileged ? CallError::invalid_parameter : CallError::no_privilege;
  caller.regs.rdx = 0;
  caller.regs.rax = caller.tcr->mr[1];
  caller.tcr->error_code = static_cast<u64>(error);
  return go_on(cpu, caller);
}

}  // namespace mica
