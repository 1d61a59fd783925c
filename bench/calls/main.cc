// SPDX-License-Identifier: MIT
// A root task that measures system calls other than Ipc. What exactly is counted is said at
// the head of syscalls.cc, threads.cc, privileged.cc and unmap.cc; how, in ../lib/measure.h.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "calls.h"

int main() {
  bench::start_pager();
  bench::measure_system_calls();
  bench::measure_thread_calls();
  bench::measure_privileged_calls();
  bench::measure_unmap();
  bench::print_report();
  return 0;
}
