// SPDX-License-Identifier: MIT
// A root task that measures system calls other than Ipc. What exactly is counted is said at
// the head of syscalls.cc; how, in ../lib/measure.h.
#include <runtime/program.h>

#include "../lib/report.h"
#include "syscalls.h"

int main() {
  bench::measure_system_calls();
  bench::print_report();
  return 0;
}
