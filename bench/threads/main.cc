// SPDX-License-Identifier: MIT
// A root task that measures threads: making and deleting them, switching between them, and
// whether any of it costs more when there are many. What exactly is counted is said at the
// head of lifecycle.cc, switches.cc, ready.cc and many.cc.
//
// Needs a machine and kernel memory of a size (systems/bench-threads).
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "threads.h"

int main() {
  bench::start_pager();
  bench::measure_lifecycle();
  bench::measure_switches();
  bench::measure_ready_threads();
  bench::measure_many();
  bench::print_report();
  return 0;
}
