// SPDX-License-Identifier: MIT
// The trace: what threads do, as records in memory that a privileged thread gives for it
// (ProcessorControl). While it is on, the fast path and the interrupts' short way are closed
// and system calls enter elsewhere (x86/calls.S), so that all that is recorded comes by one
// of a few places. While it is off, these cost a test each, and the fast path nothing.
#pragma once

#include <seam.h>

#include "cpu.h"
#include "page_table.h"

namespace mica {

// message: `thread`'s, or what the kernel says in its name, goes to `partner`.
// queued: it has to wait until `partner` takes it.
// failed: `thread`'s Ipc has ended with the ErrorCode `partner`.
// run: `partner` runs in place of `thread`.
// call: `thread` calls another function than Ipc; `partner` is how far its stub lies behind Ipc's.
enum class TraceEvent : u8 { message = 1, queued, failed, run, call };

// docs/manual/trace.md describes it for users.
struct TraceRecord {
  u32 number;    // from 1 on, of all since the trace is on
  TraceEvent event;
  State state;   // of the thread: these three
  Protocol protocol;
  u8 stopped;
  Ticks time;
  u64 thread, partner;
  u64 regs[9];   // RAX to R9, but in place of RBP whom it waits for though its state is ready
  u64 words[3];  // tag, MR1 and MR2 of what the kernel says in its name; 2 is an exception's number
};
static_assert(sizeof(TraceRecord) == 128);
static_assert(offsetof(TraceRecord, stopped) - offsetof(TraceRecord, event) ==
              offsetof(Thread, stopped) - offsetof(Thread, by_iret));

inline constexpr u64 trace_processor = ~u64{1};  // in ProcessorControl: the trace of processor 0
inline constexpr unsigned trace_level = 1;       // the memory is a page of this level
inline constexpr u32 trace_records = (page_size << TableNode::index_bits * trace_level) / sizeof(TraceRecord);

// One of each a CPU.
struct TraceBuffer {
  TraceRecord* records;  // null: off
  u32 written;
};
extern TraceBuffer trace_buffer;

// A test is all that it costs where it is not wanted.
[[gnu::always_inline]] inline void trace_event(TraceEvent event, const Thread& t, u64 partner) {
  if (trace_buffer.records) [[unlikely]] call_record(static_cast<u64>(event), t, partner);
}

// On, into the block at a physical address, or off, when that is 0. False: that is not the
// begin of a large page's block, all of it RAM and none of it the kernel's.
[[nodiscard]] bool set_trace(Cpu& cpu, Phys block);

}  // namespace mica
