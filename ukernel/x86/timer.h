// SPDX-License-Identifier: MIT
// The clock is the time-stamp counter; the local APIC's timer fires once at a
// deadline. (arm_timer(), disarm_timer(), ticks_from_us(), us_from_ticks(),
// tsc_khz(): see seam.h.)
#pragma once

#include <seam.h>

extern "C" mica::u64 clock_multiplier;  // microseconds = (ticks * clock_multiplier) >> 64

namespace mica {

struct Platform;

// Boot: measures the counter and the timer against a clock of known speed, for a millisecond.
void calibrate_timer(const Platform& machine);

}  // namespace mica
