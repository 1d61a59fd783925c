// SPDX-License-Identifier: MIT
// What each CPU has of its own: the running thread, the ready threads, the
// timeouts. Only that CPU touches it, so nothing here is locked.
#pragma once

#include <array>

#include "thread.h"

namespace mica {

// The fast path decides with one subtraction whether it may switch to a partner:
//
//      value = partner.key + GS selector - cpu.top
//
//      bits  0-15  GS selector - the expected one             0
//      bits 16-23  partner's priority - highest ready one     anything, not below 0
//      bits 32-47  partner's CPU - this CPU                   0
//      bits 56-57  threads of the two that have FPU state     0
//      bit  60     the trace is on                        0
//      bit  61     the partner is new: see Thread::waiter     0
//      bit  62     the running thread has a rare condition    0
//      bit  63     the partner has one                        0
namespace key {
inline constexpr unsigned priority_shift = 16, cpu_shift = 32, fpu_shift = 56;
inline constexpr u64 fpu = u64{1} << fpu_shift;
inline constexpr u64 traced = u64{1} << 60;  // in `top`
inline constexpr u64 unmet = u64{1} << 61;
inline constexpr u64 rare = u64{1} << 63;
inline constexpr u64 rare_top = u64{1} << 62;  // another bit: the two do not cancel out
inline constexpr u64 must_be_zero = ~u64{0xff0000};
}  // namespace key

inline constexpr unsigned priorities = 256;
inline constexpr Ticks never = ~Ticks{0};

struct Cpu {
  // --- the fast path's line ---
  Thread* current = nullptr;
  u64 top = key::rare_top;
  i64 ready_top = -1;            // highest priority of a ready thread, -1 = none
  Thread* fpu_owner = nullptr;   // whose state the FPU holds; null: FPU access traps
  u64 scratch = 0;

  u32 number = 0;
  u64 top_of_ready = key::rare_top;  // `top` for a running thread without FPU state and rare conditions
  u64 top_base = key::rare_top;      // the same with no thread ready; the rare bit stays in it for tests
  Thread* idle = nullptr;
  Thread* timeouts = nullptr;    // root of the queue of timeouts
  Ticks slice_end = never;       // of the running thread
  Ticks quantum_begin = never;   // since when its total quantum is used; never: it has no end
  bool unusual = false;          // the running thread has FPU state, a total quantum or an FS base
  Ticks timer_armed = never;
  Ticks timeouts_rest = 0;       // when timeouts that are due already end, if anybody runs
  bool stale = true;             // what `top` and the timer depend on has changed
  Space* io_loaded = nullptr;    // whose ports the task state segment allows
  bool io_enabled = false;
  std::array<u64, priorities / 64> ready_bits{};
  std::array<Thread*, priorities> ready{};  // heads of circular lists
};

}  // namespace mica
