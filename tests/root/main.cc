// SPDX-License-Identifier: MIT
// Tests of the root server's operations, in the system systems/tasks. The argument part= says
// what this task is: the one that tests, a server that does what it is told, or a child; or the one
// that tests in another system (servers.cc).
#include "check.h"

using namespace root_test;

int main() {
  const std::string_view part = mica::argument("part");
  if (part == "subject") serve_subject(mica::argument("name"));
  if (part == "silent") L4_Sleep(L4_Never);
  if (part == "servers") return judge_servers();
  if (part != "test") return run_child(part);
  (void)counts();  // it is all touched when it counts
  test_requests();
  test_information();
  test_names();
  test_memory();
  test_threads();
  test_interrupts();
  test_tasks();
  test_shares();
  test_supervision();
  (void)ask<Root::shutdown>(static_cast<Word>(task_checks::report_checks()));
  return 1;
}
