// SPDX-License-Identifier: MIT
// Threads of a task.
#include <runtime/threads.h>

#include "check.h"

namespace root_test {

namespace {

alignas(16) constinit std::byte stacks[2][4096]{};
constinit volatile Word ran = 0;

void run_thread(Word argument) {
  ran = argument;
  L4_Sleep(L4_Never);
}

bool await(Word value) {
  for (unsigned i = 0; i < 100 && ran != value; ++i) L4_Sleep(L4_TimePeriod(millisecond));
  return ran == value;
}

Word thread_number(l4::ThreadId thread) { return thread.number() % mica::threads_per_task; }

}  // namespace

void test_threads() {
  const TaskId self = mica::this_task().task;
  const auto one = runtime::start_task_thread(run_thread, 11, stacks[0]);
  check(one.ok() && await(11) && *one == self.thread(1), "a thread runs");
  check_error(ask<Root::start_thread>(Word{1}, Word{0}, Word{0}).error(), Error::busy, "it is started once");
  const auto two = ask<Root::create_thread>(*one);
  check(two.ok() && *two == self.thread(2), "one whose pager is a thread of the task");
  for (const l4::ThreadId pager :
       {l4::ThreadId::nil(), l4::ThreadId::any(), server("subject"), self.thread(3),
        TaskId(self.index(), self.version() + 1).thread(0), runtime::sigma0()}) {
    check_error(ask<Root::create_thread>(pager).error(), Error::bad_argument, "nobody else is a pager");
  }
  for (const Word n : {Word{0}, Word{3}, Word{64}, Word{65}, ~Word{0}}) {
    check_error(ask<Root::start_thread>(n, Word{0}, Word{0}).error(), Error::bad_argument,
                "there is no such thread");
    check_error(ask<Root::delete_thread>(n).error(), n == 0 ? Error::bad_argument : Error::not_found,
                "to delete");
  }
  check(ask<Root::set_priority>(Word{1}, Word{50}).ok() && ask<Root::set_priority>(Word{1}, Word{100}).ok(),
        "a priority is set, up to the task's");
  check_error(ask<Root::set_priority>(Word{1}, Word{101}).error(), Error::denied, "not above it");
  check_error(ask<Root::set_priority>(Word{1}, Word{0}).error(), Error::bad_argument, "nor to 0");
  check_error(ask<Root::set_priority>(Word{1}, ~Word{0}).error(), Error::denied,
              "nor to one that there is not");
  check_error(ask<Root::set_priority>(Word{9}, Word{50}).error(), Error::bad_argument,
              "nor of a thread that is not there");
  Word made = 3;  // with the first one
  while (ask<Root::create_thread>(mica::root_server())) ++made;
  check(made == 8, "there are as many threads as the manifest says");
  check_error(ask<Root::create_thread>(mica::root_server()).error(), Error::no_room, "and no more");
  bool deleted = true;
  for (Word n = 1; n < 8; ++n) deleted = ask<Root::delete_thread>(n).ok() && deleted;
  check(deleted && about(self).threads == 1, "they are deleted");
  const auto again = runtime::start_task_thread(run_thread, 12, stacks[1]);
  check(again.ok() && await(12) && ask<Root::delete_thread>(thread_number(*again)).ok(),
        "and there is room for others");
}

}  // namespace root_test
