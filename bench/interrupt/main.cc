// SPDX-License-Identifier: MIT
// A root task that measures interrupts, timeouts that end, and what a handler does next.
// What exactly is counted is said at the head of serial.cc, timer.cc and notification.cc.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "interrupt.h"

int main() {
  bench::start_pager();
  bench::measure_serial();
  bench::measure_timer();
  bench::measure_notification();
  bench::print_report();
  return 0;
}
