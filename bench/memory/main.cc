// SPDX-License-Identifier: MIT
// A root task that measures giving and taking memory. What exactly is counted is said at
// the head of mapping.cc, faults.cc, primitives.cc, second_places.cc, database.cc and
// spaces.cc.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "memory.h"

int main() {
  bench::start_pager(bench::fault_regions());
  bench::measure_mapping();
  bench::measure_faults();
  bench::measure_primitives();
  bench::measure_second_places();
  bench::measure_database();
  bench::measure_spaces();
  bench::print_report();
  return 0;
}
