// SPDX-License-Identifier: MIT
// A task that tests the pagers and its own region mapper, in the system systems/memory. With
// an argument child= it is one of its own children.
#include "check.h"

using namespace memory_test;

int main() {
  if (const std::string_view part = mica::argument("child"); !part.empty()) return run_child(part);
  test_anonymous();
  test_sharing();
  test_heap();
  test_crashes();
  test_copies();
  test_files();
  test_pinned();
  test_paging();
  test_restart();
  return task_checks::report_checks();
}
