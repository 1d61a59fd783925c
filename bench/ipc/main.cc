// SPDX-License-Identifier: MIT
// A root task that measures Ipc. What exactly is counted is said at the head of each
// group's file; how, in ../lib/measure.h.
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/world.h"
#include "groups.h"

int main() {
  bench::start_pager();
  bench::measure_strings();
  bench::measure_string_lengths();
  bench::measure_mappings();
  bench::measure_round_trips();
  bench::measure_slow_path();
  bench::measure_priorities();
  bench::measure_one_way();
  bench::measure_waiting_senders();
  bench::measure_timeouts();
  bench::measure_local();
  bench::measure_propagation();
  bench::measure_redirector();
  bench::measure_chains();
  bench::measure_sse();
  bench::print_report();
  return 0;
}
