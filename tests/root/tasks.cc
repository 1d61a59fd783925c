// SPDX-License-Identifier: MIT
// Children, their ends, and what becomes of what they had.
#include "check.h"

namespace root_test {

namespace {

void check_endings() {
  check(run("seven").code == 7 && run("seven").crashed == 0, "a child ends with its result");
  for (const std::string_view part : {"write", "code", "told", "invalid", "port"}) {
    const mica::Ending ending = run(part);
    check(ending.code == -1 && ending.crashed == 1, "one that does what it may not is ended");
  }
  const auto sleeper = spawn("sleep");
  check(sleeper.ok() && mica::alive(*sleeper) && about(*sleeper).parent == mica::this_task().task,
        "a child lives");
  check(ask<Root::kill>(*sleeper).ok() && !mica::alive(*sleeper), "it is killed");
  const auto ending = ask<Root::wait>(*sleeper);
  check(ending.ok() && ending->code == -1 && ending->crashed == 2, "and its parent is told so");
  check_error(ask<Root::wait>(*sleeper).error(), Error::not_found, "once");
  check_error(ask<Root::kill>(*sleeper).error(), Error::not_found, "it is not there any more");
  check_error(ask<Root::wait>(task_named("subject")).error(), Error::not_found, "others' ends are not told");
  check(run("kill-parent").code == static_cast<long>(Error::denied), "a child does not kill its parent");
  check(run("spawn").code == static_cast<long>(Error::denied), "nor has it children");

  // Their ends are kept until they are asked for, in whatever order.
  TaskId children[6];
  bool kept = true;
  for (TaskId& child : children) {
    child = spawn("seven").value_or(TaskId());
    while (mica::alive(child)) L4_Sleep(L4_TimePeriod(millisecond));
  }
  for (const TaskId child : children) kept = kept && ask<Root::wait>(child).value_or({}).code == 7;
  check(kept, "ends are told also when others have ended since");
}

void check_refusals() {
  const mica::Text<256> none;
  check_error(ask<Root::spawn>(Word{64} << 10, mica::Text<64>("nothing.elf"), none).error(), Error::not_found,
              "a program that is not there");
  const Error error = ask<Root::spawn>(Word{64} << 10, mica::Text<64>("manifest"), none).error();
  check(error != Error::none && error != Error::not_found, "a file that is no program");
  for (const Word bytes : {Word{0}, Word{4096}, Word{1} << 40, ~Word{0}}) {
    check_error(spawn("seven", bytes).error(), Error::no_memory, "too little memory, or too much");
  }
  TaskId children[8];
  Word made = 0;
  Result<TaskId> last = TaskId();
  while (made < 8 && (last = spawn("sleep"))) children[made++] = *last;
  check(made == 6 && last.error() == Error::denied, "there are as many children as the manifest says");
  bool ended = true;
  while (made > 0) ended = ask<Root::kill>(children[--made]).ok() && ended;
  check(ended, "and all are ended");
}

void check_space() {
  const auto space = ask<Root::spawn_space>(Name("space"));
  if (!check(space.ok() && mica::alive(*space), "a space without a program is made")) return;
  const auto thread = ask<Root::thread_state>(*space, Word{0});
  check(thread.ok() && thread->pager == mica::this_task().task.thread(0), "its pager is who has made it");
  const auto child = spawn("sleep");
  const auto other = ask<Root::thread_state>(child.value_or(TaskId()), Word{0});
  check(other.ok() && other->pager == mica::root_server(), "that of a program is the root server");
  check(ask<Root::kill>(*space).ok() && ask<Root::kill>(*child).ok(), "both are ended");
}

}  // namespace

void test_tasks() {
  check(act("stranger", Act::refused).value_or(99) == 0, "a task with no rights has none");
  (void)run("seven");  // what is needed once is there
  const Counts before = counts();
  const Word quota = about(mica::this_task().task).quota;
  check_endings();
  check_refusals();
  check_space();
  check_same(counts(), before, "of all these nothing is left");
  check(about(mica::this_task().task).quota == quota, "and their memory is their parent's again");

  // With their parent they go, too.
  const TaskId child(act("other", Act::spawn).value_or(0));
  check(!child.is_none() && mica::alive(child) && about(child).parent == task_named("other"),
        "another's child");
  check(ask<Root::kill>(task_named("other")).ok() && !mica::alive(child), "ends with its parent");
  check_same(counts(), before, "and nothing is left of it");
}

}  // namespace root_test
