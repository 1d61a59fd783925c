// SPDX-License-Identifier: MIT
// ProcessorControl (X.2 manual, chapter 6.3). Frequencies and voltages are set by
// interfaces of each model, which are no business of a small kernel: it agrees to
// what is already so, and to nothing else.
#include "calls.h"
#include "kip.h"
#include "scheduler.h"

namespace mica {

namespace {

CallError check(const Thread& caller) {
  const Registers& r = caller.regs;
  if (!caller.space->privileged) return CallError::no_privilege;
  if (r.rdi > bits(kip.processor_info, 0, 16)) return CallError::invalid_parameter;
  const ProcessorDescriptor& processor = kip.processors[r.rdi];
  const auto stays = [](u64 wanted, u64 present) { return wanted == 0 || wanted == present; };
  const bool all_stay = stays(r.rsi, processor.internal_khz) && stays(r.rdx, processor.external_khz) && r.r8 == 0;
  return all_stay ? CallError::none : CallError::invalid_parameter;
}

}  // namespace

Thread* processor_control(Cpu& cpu, Thread& caller) {
  set_result(caller, check(caller));
  return go_on(cpu, caller);
}

}  // namespace mica
