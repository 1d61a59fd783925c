// SPDX-License-Identifier: MIT
// A task that tests the timer and drivers, in the system systems/drivers. With an argument child=
// it is one of its own children.
#include "check.h"

using namespace drivers_test;

int main() {
  if (const std::string_view part = mica::argument("child"); !part.empty()) return run_timer_child(part);
  test_timer();
  test_clock();
  return task_checks::report_checks();
}
