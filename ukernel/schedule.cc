// SPDX-License-Identifier: MIT
// Schedule, ThreadSwitch and SystemClock (X.2 manual, chapter 3).
#include <seam.h>

#include "calls.h"
#include "message_transfer.h"
#include "scheduler.h"

namespace mica {

namespace {

// As the call returns it. `sending` and `receiving` are for messages under way.
enum class ThreadState : u64 {
  error = 0, dead, inactive, running, pending_send, sending, waiting, receiving,
};

ThreadState state_of(const Thread& t) {
  if (t.state == State::inactive || t.stopped != 0) return ThreadState::inactive;
  if (is_in_transfer(t)) return is_sender_in_transfer(t) ? ThreadState::sending : ThreadState::receiving;
  if (t.state == State::sending) return ThreadState::pending_send;
  return t.is_receiving() ? ThreadState::waiting : ThreadState::running;
}

constexpr u16 unchanged = 0xffff;

// A slice that ends before its thread has done anything would help nobody.
constexpr u64 shortest_slice_us = 100;

Ticks length(Time time) { return time.is_never() ? never : ticks_from_us(time.microseconds()); }
Ticks slice_length(Time time) {
  const Ticks least = ticks_from_us(shortest_slice_us), wanted = length(time);
  return wanted < least ? least : wanted;
}

// To the nearest microsecond, so that what was set reads as such.
[[gnu::noinline]] u64 encode(Ticks ticks) {
  if (static_cast<i64>(ticks) < 0) return Time::never().raw;  // never, or what is left of that
  const u64 us = (us_from_ticks(2 * ticks) + 1) / 2;
  if (us > Time::longest_us) __builtin_unreachable();  // it was given as a period
  return Time::period(us).raw;
}

CallError check(const Thread& caller, const Thread& t) {
  const Registers& r = caller.regs;
  const bool privileged = caller.space->privileged;
  if (!privileged && t.scheduler != caller.id) return CallError::no_privilege;
  if (r.rsi != ~u64{0} && (r.rsi >= priorities || (!privileged && r.rsi > caller.priority)))
    return CallError::invalid_parameter;
  // Or the thread could hold up those that its scheduler could not.
  if (r.r9 != ~u64{0} && !privileged && static_cast<u8>(r.r9 >> 16) > caller.priority)
    return CallError::invalid_parameter;
  const u16 cpu = static_cast<u16>(r.r8);
  if (r.r8 != ~u64{0} && cpu != unchanged && cpu != 0) return CallError::invalid_parameter;
  const Time slice{static_cast<u16>(r.rdx >> 16)}, quantum{static_cast<u16>(r.rdx)};
  if ((slice.raw != unchanged && slice.is_point()) || (quantum.raw != unchanged && quantum.is_point()))
    return CallError::invalid_parameter;
  return CallError::none;
}

void apply(Cpu& cpu, const Registers& r, Thread& t) {
  const Time slice{static_cast<u16>(r.rdx >> 16)}, quantum{static_cast<u16>(r.rdx)};
  if (slice.raw != unchanged) {
    t.slice = t.slice_left = slice_length(slice);
    if (&t == cpu.current) begin_slice(cpu, t.slice, read_clock());
  }
  if (quantum.raw != unchanged) set_quantum(cpu, t, length(quantum));
  if (r.rsi != ~u64{0}) set_priority(cpu, t, static_cast<u8>(r.rsi));
  if (r.r9 != ~u64{0}) {
    t.max_delay = static_cast<u16>(r.r9);
    t.sensitive_priority = static_cast<u8>(r.r9 >> 16);
    update_guard(t);
    cpu.stale = true;
  }
}

}  // namespace

u64 time_left(Cpu& cpu, Thread& t) {
  Ticks slice = t.slice_left < t.slice ? t.slice_left : t.slice;  // as take_ready()
  if (&t == cpu.current) {
    const Ticks now = read_clock();
    slice = now < cpu.slice_end ? cpu.slice_end - now : 0;
    if (t.quantum != never) charge(cpu, now);
  }
  u64 result = encode(slice) << 16;
  if (t.quantum != never) result |= encode(t.quantum);
  return result;
}

Thread* schedule(Cpu& cpu, Thread& caller) {
  Thread* const t = named_thread(caller, caller.regs.rdi);
  const bool detached = t && t->is_interrupt() && !t->handler;
  const CallError error = t && !detached ? check(caller, *t) : CallError::invalid_thread;
  if (error != CallError::none) {
    set_result(caller, error);
    return go_on(cpu, caller);
  }
  const u64 old = time_left(cpu, *t);
  caller.regs.rax = static_cast<u64>(state_of(*t));
  apply(cpu, caller.regs, *t);
  caller.regs.rdx = old;
  return go_on(cpu, caller);
}

Thread* thread_switch(Cpu& cpu, Thread& caller) {
  Thread* const t = named_thread(caller, caller.regs.rdi);
  if (t && t != &caller && is_queued(*t)) return donate(cpu, *t);
  return yield(cpu);
}

Thread* system_clock(Cpu& cpu, Thread& caller) {
  caller.regs.rax = us_from_ticks(read_clock());
  return go_on(cpu, caller);
}

}  // namespace mica
