// SPDX-License-Identifier: MIT
// A system of servers only (tests/system/fixtures/servers_manifest), which goes on when one of them
// is started again, with its child, and ends with the last program that one of them had started.
#include "check.h"

namespace root_test {

int judge_servers() {
  const auto serves = [] { return act("parent", Act::add, 1, 2).value_or(0) == 3; };
  const TaskId first(act("parent", Act::spawn).value_or(0));
  check(mica::alive(first), "a server has a child");
  check(ask<Root::kill>(TaskId::of(server("parent"))).ok() && !mica::alive(first) && serves(),
        "when both are ended, the server is started again and the system goes on");
  const TaskId second(act("parent", Act::spawn).value_or(0));
  check(mica::alive(second) && ask<Root::restart>(Name("parent")).ok() && !mica::alive(second) && serves(),
        "by hand, too");
  const TaskId last(act("parent", Act::spawn).value_or(0));
  (void)task_checks::report_checks();
  (void)ask<Root::kill>(last);
  check(false, "the system ends with the last task that is no server");
  (void)ask<Root::shutdown>(Word{1});
  return 1;
}

}  // namespace root_test
