// SPDX-License-Identifier: MIT
// The real-time clock, over a midnight; and one that is not there.
#include <mica/rtc.h>
#include <mica/timer.h>

#include "check.h"

namespace drivers_test {

void test_clock() {
  using mica::DateTime;
  const auto before = mica::call<mica::Rtc::read>(server("rtc"));
  if (!check(before.ok(), "the clock says a date")) return;
  runtime::print("date={}-{}-{}\n", before->year, unsigned{before->month}, unsigned{before->day});
  (void)mica::call<mica::Timer::sleep>(server("timer"), Word{3'000'000});
  const auto after = mica::call<mica::Rtc::read>(server("rtc"));
  if (!check(after.ok(), "and another one later")) return;
  runtime::print("then={}-{}-{}\n", after->year, unsigned{after->month}, unsigned{after->day});
  const Word passed = mica::seconds_since_1970(*after) - mica::seconds_since_1970(*before);
  check(passed == 3 || passed == 4, "it goes as fast as the system's clock");
  check(mica::call<mica::Rtc::set>(server("rtc"), *before).error() == Error::denied, "nobody sets it whom the manifest does not name");
  check(mica::call<mica::Rtc::read>(server("no_rtc")).error() == Error::device, "where no clock is, there is an error");
}

}  // namespace drivers_test
