// SPDX-License-Identifier: MIT
// A root task that measures Ipc, the smallest system calls and the page fault. What
// exactly is counted is said at the head of roundtrip.cc, syscalls.cc, faults.cc, strings.cc;
// how, in ../lib/measure.h.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "faults.h"
#include "roundtrip.h"
#include "strings.h"
#include "syscalls.h"

int main() {
  bench::start_pager(bench::fault_regions());
  bench::measure_system_calls();
  bench::measure_faults();
  bench::measure_strings();
  bench::measure_round_trips();  // last: it leaves this thread with FPU state
  bench::print_report();
  return 0;
}
