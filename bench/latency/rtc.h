// SPDX-License-Identifier: MIT
// The periodic interrupt of the real-time clock (line 8), 8192 times a second, and
// the exact times at which it is raised.
//
// The emulator counts the clock of 32768 Hz from the zero of its virtual time, raises
// the interrupt one nanosecond after each fourth edge, and its virtual time is the
// time-stamp counter under -icount shift=0. Only the phase, at which of four edges, is
// to be found out. The line stays up until register C is read; what is raised while
// it is up is lost.
#pragma once

#include <cstdint>

#include <l4/l4.hpp>

namespace bench {

class RtcTimes {
 public:
  // A period in ticks, rounded up.
  static constexpr l4::Word period = 122'071;

  constexpr RtcTimes() = default;
  constexpr explicit RtcTimes(l4::Word phase) : phase_(phase) {}  // 0 .. 3

  // The first time of a raise after `ticks`, and the last one at or before it.
  constexpr l4::Word first_after(l4::Word ticks) const {
    l4::Word n = number_near(ticks);
    while (time(n) <= ticks) ++n;
    return time(n);
  }
  constexpr l4::Word last_before(l4::Word ticks) const {
    l4::Word n = number_near(ticks) + 2;
    while (time(n) > ticks) --n;
    return time(n);
  }

 private:
  // An edge every 10^9 / 32768 = 1953125 / 64 ticks.
  static constexpr l4::Word edge_times_64 = 1'953'125;
  constexpr l4::Word time(l4::Word n) const { return ((4 * n + phase_) * edge_times_64 >> 6) + 1; }
  // At or a little before the last raise before `ticks`.
  constexpr l4::Word number_near(l4::Word ticks) const {
    const l4::Word n = ticks * 64 / edge_times_64 / 4;
    return n < 2 ? 0 : n - 2;
  }

  l4::Word phase_ = 0;
};

inline constexpr l4::Word rtc_line = 8;
inline constexpr std::uint16_t rtc_ports = 0x70;
inline constexpr unsigned rtc_ports_order = 1;

// By whoever has the ports.
void start_rtc();
void stop_rtc();
// Takes the line down. After start_rtc() this is one IN.
void silence_rtc();

}  // namespace bench
