// SPDX-License-Identifier: MIT
#include "victims.h"

#include <mica/echo.h>
#include <mica/rtc.h>
#include <mica/terminal.h>
#include <mica/timer.h>
#include <runtime/print.h>

#include "ask.h"
#include "disk.h"

namespace campaign {

namespace {

Answer probe_echo(l4::ThreadId server, Word n) {
  const auto sum = ask<mica::Echo::add>(server, n, n * 7);
  if (!sum) return Answer::none;
  return *sum == n * 8 ? Answer::good : Answer::wrong;
}

// What is acknowledged is compared with what has come out, by who reads both lines.
Answer probe_serial(l4::ThreadId server, Word n) {
  char line[] = "written 0000000\n";
  for (unsigned at = sizeof(line) - 3; n != 0; n /= 10) line[at--] = static_cast<char>('0' + n % 10);
  if (!ask<mica::Terminal::write>(server, mica::Text<400>(line))) return Answer::none;
  runtime::print("acknowledged {}", std::string_view(line + 8));
  return Answer::good;
}

Answer probe_timer(l4::ThreadId server, Word) {
  const Word before = L4_SystemClock().raw;
  const auto now = ask<mica::Timer::now>(server);
  if (!now) return Answer::none;
  if (*now < before || *now > L4_SystemClock().raw) return Answer::wrong;
  if (!ask<mica::Timer::sleep>(server, Word{100})) return Answer::none;
  return L4_SystemClock().raw - before >= 100 ? Answer::good : Answer::wrong;
}

Answer probe_rtc(l4::ThreadId server, Word) {
  const auto date = ask<mica::Rtc::read>(server);
  if (!date) return Answer::none;
  return date->year == 2026 && date->month >= 1 && date->month <= 12 ? Answer::good : Answer::wrong;
}

constexpr Victim table[] = {
    {"echo", "echo", probe_echo},
    {"serial", "serial", probe_serial},
    {"timer", "timer", probe_timer},
    {"rtc", "rtc", probe_rtc},
    {"disk", "disk", probe_disk},
};

}  // namespace

std::span<const Victim> victims() { return table; }

}  // namespace campaign
