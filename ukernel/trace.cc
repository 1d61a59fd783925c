// SPDX-License-Identifier: MIT
#include "trace.h"

#include <seam.h>

#include "mapping.h"
#include "scheduler.h"

namespace mica {

constinit TraceBuffer trace_buffer{};

extern "C" MICA_KEEPS_REGISTERS [[gnu::used, gnu::cold, gnu::noinline, gnu::section(".trace")]]
void record(u64 event, const Thread& t, u64 partner) {
  const u32 number = ++trace_buffer.written;
  TraceRecord& r = trace_buffer.records[number % trace_records];
  r.number = number;
  __builtin_memcpy(&r.event, &t.by_iret, 4);
  r.event = static_cast<TraceEvent>(event);
  r.time = read_clock();
  r.thread = t.id.raw;
  r.partner = partner;
  copy_words(r.regs, &t.regs, 9);
  r.regs[6] = t.wait;
  copy_words(r.words, t.words, 3);
}

[[gnu::cold, gnu::noinline, gnu::section(".trace")]] bool set_trace(Cpu& cpu, Phys block) {
  const bool on = block.value != 0;
  if (on && !is_trace_block(block)) return false;
  trace_buffer = {on ? static_cast<TraceRecord*>(phys_to_virt(block)) : nullptr, 0};
  close_fast_path(cpu, on);
  trace_calls(on);
  return true;
}

}  // namespace mica
