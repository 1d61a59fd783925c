// SPDX-License-Identifier: MIT
// Commands about time.
#include <mica/rtc.h>
#include <mica/timer.h>

#include "commands.h"
#include "output.h"
#include "seconds.h"

namespace shell {

namespace {

using mica::Word;

constexpr Word look_every = 50000;  // microseconds

constinit mica::Connection<mica::Timer> timer{"timer"};
constinit mica::Connection<mica::Rtc> rtc{"rtc"};

bool interrupted() {
  const auto server = terminal.server();
  if (!server) return false;
  const auto typed = mica::call_within<mica::Terminal::read>(l4::Timeouts{L4_TimePeriod(2000).raw}, *server);
  return typed && typed->view().find('\x03') != std::string_view::npos;
}

runtime::digits two(unsigned value) { return runtime::digits(value, 2); }

}  // namespace

void show_date(const Words&) {
  const auto date = rtc.call_again<mica::Rtc::read>();
  if (!date) return say_error("date", date.error());
  say("{}, {}-{}-{} {}:{}:{}\n", mica::weekday_name(date->weekday), unsigned{date->year}, two(date->month), two(date->day),
      two(date->hour), two(date->minute), two(date->second));
}

void sleep(const Words& words) {
  const std::optional<Word> time = words.size() == 2 ? microseconds(words[1]) : std::nullopt;
  if (!time) return say("use: sleep SECONDS\n");
  const Word end = L4_SystemClock().raw + *time;
  for (Word now = L4_SystemClock().raw; now < end; now = L4_SystemClock().raw) {
    const Word left = end - now;
    const auto slept = timer.call_again<mica::Timer::sleep>(left < look_every ? left : look_every);
    if (!slept) return say_error("sleep", slept.error());
    if (interrupted()) return show("^C\n");
  }
}

}  // namespace shell
