// SPDX-License-Identifier: MIT
// ProcessorControl (X.2 manual, chapter 6.3). Frequencies and voltages are set by
// interfaces of each model, which are no business of a small kernel: it agrees to
// what is already so, and to nothing else. Beyond the manual, it switches the trace.
#include <iterator>

#include "calls.h"
#include "kip.h"
#include "scheduler.h"
#include "trace.h"

namespace mica {

namespace {

CallError control(Cpu& cpu, const Thread& caller) {
  const Registers& r = caller.regs;
  if (!caller.space->privileged) return CallError::no_privilege;
  if (r.rdi == trace_processor)
    return set_trace(cpu, {r.rsi}) ? CallError::none : CallError::invalid_parameter;
  if (r.rdi >= std::size(kip.processors)) return CallError::invalid_parameter;
  const ProcessorDescriptor& processor = kip.processors[r.rdi];
  const auto stays = [](u64 wanted, u64 present) { return wanted == 0 || wanted == present; };
  const bool all_stay = stays(r.rsi, processor.internal_khz) && stays(r.rdx, processor.external_khz) && r.r8 == 0;
  return all_stay ? CallError::none : CallError::invalid_parameter;
}

}  // namespace

Thread* processor_control(Cpu& cpu, Thread& caller) {
  set_result(caller, control(cpu, caller));
  return go_on(cpu, caller);
}

}  // namespace mica
