// SPDX-License-Identifier: MIT
// A root task that measures exceptions. What exactly is counted is said at the head of
// exceptions.cc and first_use.cc; how, in ../lib/measure.h.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "exceptions.h"

int main() {
  bench::start_pager();
  bench::measure_exceptions();
  bench::measure_first_use();
  bench::print_report();
  return 0;
}
