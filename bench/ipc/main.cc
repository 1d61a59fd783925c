// SPDX-License-Identifier: MIT
// A root task that measures Ipc, the smallest system calls, page faults and exceptions.
// What exactly is counted is said at the head of roundtrip.cc, syscalls.cc, faults.cc,
// exceptions.cc and strings.cc; how, in ../lib/measure.h.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "exceptions.h"
#include "faults.h"
#include "roundtrip.h"
#include "strings.h"
#include "syscalls.h"

int main() {
  bench::start_pager(bench::fault_regions());
  bench::measure_system_calls();
  bench::measure_faults();
  bench::measure_exceptions();
  bench::measure_strings();
  bench::measure_round_trips();  // last: it leaves this thread with FPU state
  bench::print_report();
  return 0;
}
