// SPDX-License-Identifier: MIT
#include "rtc.h"

#include <runtime/io.h>

namespace bench {

namespace {

using runtime::in8;
using runtime::out8;

constexpr std::uint8_t register_a = 10, register_b = 11, register_c = 12;
constexpr std::uint8_t running_at_8192_hz = 0x23, mode_24_hours = 2, periodic = 0x40;

void write(std::uint8_t index, std::uint8_t value) {
  out8(rtc_ports, index);
  out8(rtc_ports + 1, value);
}

}  // namespace

void start_rtc() {
  write(register_a, running_at_8192_hz);
  write(register_b, mode_24_hours | periodic);
  out8(rtc_ports, register_c);
  silence_rtc();
}

void stop_rtc() {
  write(register_b, mode_24_hours);
  out8(rtc_ports, register_c);
  silence_rtc();
}

void silence_rtc() { (void)in8(rtc_ports + 1); }

}  // namespace bench
