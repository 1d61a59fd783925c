// SPDX-License-Identifier: MIT
#include "timer.h"

#include "cpu_features.h"
#include "init.h"
#include "instructions.h"
#include "interrupts.h"
#include "paging.h"
#include "panic.h"

mica::u64 clock_multiplier;

namespace mica {

namespace {

using u128 = unsigned __int128;

u64 khz;            // of the time-stamp counter
u64 ticks_per_us;   // 32.32 fixed point
u64 timer_rate;     // counts of the APIC timer a tick, 32.32
Ticks longest;      // ticks that the 32-bit counter can wait

u64 scale_down_32(u64 value, u64 factor) {
  const u128 product = static_cast<u128>(value) * factor;
  return product >> 96 ? ~u64{0} : static_cast<u64>(product >> 32);
}

}  // namespace

u64 tsc_khz() { return khz; }
u64 bus_khz() { return scale_down_32(khz, timer_rate); }

Ticks ticks_from_us(u64 microseconds) { return scale_down_32(microseconds, ticks_per_us); }

u64 us_from_ticks(Ticks ticks) {
  return static_cast<u64>((static_cast<u128>(ticks) * clock_multiplier) >> 64);
}

// A deadline that is too far fires early; the scheduler looks at the clock and arms it again.
void arm_timer(Ticks deadline) {
  const Ticks now = read_clock();
  Ticks wait = deadline > now ? deadline - now : 0;
  if (wait > longest) wait = longest;
  local_apic(apic::timer_initial) = static_cast<u32>(scale_down_32(wait, timer_rate)) + 1;
}

void disarm_timer() { local_apic(apic::timer_initial) = 0; }

// --- While booting -----------------------------------------------------------------

// A clock of known speed that counts upwards, in steps of a fraction of a second.
struct Reference {
  volatile const u32* hpet_counter;  // null: the 8254's channel 2, which counts down 16 bits
  u64 hz;
};

MICA_INIT static u32 read_reference(const Reference& reference) {
  if (reference.hpet_counter) return *reference.hpet_counter;
  out8(0x43, 0x80);  // latch channel 2
  const u32 low = in8(0x42);
  return ~(low | u32{in8(0x42)} << 8) & 0xffff;
}

MICA_INIT static Reference start_reference(const Platform& machine) {
  if (machine.hpet != 0) {
    volatile u32* const hpet = static_cast<volatile u32*>(map_device({machine.hpet}));
    constexpr unsigned period = 1, configuration = 4, counter = 0x3c;  // in words; the period in 10^-15 s
    if (hpet[period] != 0) {
      hpet[configuration] = hpet[configuration] | 1;
      return {hpet + counter, u64{1'000'000'000'000'000} / hpet[period]};
    }
  }
  out8(0x61, static_cast<u8>((in8(0x61) & 0xfc) | 1));  // gate on, speaker off
  out8(0x43, 0xb4);                                     // channel 2, both bytes, rate generator
  out8(0x42, 0);
  out8(0x42, 0);
  return {nullptr, 1'193'182};
}

struct Sample {
  u32 reference, timer;
  Ticks tsc;
};

// Taken right at a step of the reference.
MICA_INIT static Sample take_sample(const Reference& reference) {
  const u32 before = read_reference(reference);
  u32 now = before;
  for (unsigned tries = 0; now == before; ++tries) {
    if (tries == 10'000'000) panic("no clock to measure time against (HPET, 8254)");
    now = read_reference(reference);
  }
  const Ticks tsc = read_clock();
  return {now, local_apic(apic::timer_current), tsc};
}

MICA_INIT void calibrate_timer(const Platform& machine) {
  constexpr u32 divide_by_1 = 0xb;
  local_apic(apic::timer_divide) = divide_by_1;
  local_apic(apic::lvt_timer) = apic::masked | VECTOR_TIMER;
  local_apic(apic::timer_initial) = ~u32{0};

  const Reference reference = start_reference(machine);
  const u32 mask = reference.hpet_counter ? ~u32{0} : 0xffff;
  const Sample first = take_sample(reference);
  const u32 millisecond = static_cast<u32>(reference.hz / 1000);
  while (((read_reference(reference) - first.reference) & mask) < millisecond) {
  }
  const Sample last = take_sample(reference);

  const u32 steps = (last.reference - first.reference) & mask;
  const u64 ticks = last.tsc - first.tsc;
  const u32 counts = first.timer - last.timer;
  if (ticks == 0 || counts == 0) panic("the time-stamp counter or the APIC timer stands still");
  const u128 scaled = static_cast<u128>(ticks) * reference.hz;
  const u64 measured_hz = divide_wide(static_cast<u64>(scaled >> 64), static_cast<u64>(scaled), steps);
  const u64 hz = features.tsc_hz != 0 ? features.tsc_hz : measured_hz;
  if (hz < 2'000'000) panic("the time-stamp counter is slower than 2 MHz");

  khz = (hz + 500) / 1000;
  clock_multiplier = divide_wide(1'000'000, 0, hz);
  ticks_per_us = divide_wide(hz >> 32, hz << 32, 1'000'000);
  timer_rate = (u64{counts} << 32) / ticks;
  longest = (u64{0xffff'fff0} << 32) / timer_rate;

  local_apic(apic::timer_initial) = 0;
  local_apic(apic::lvt_timer) = VECTOR_TIMER;  // one-shot
}

}  // namespace mica
