// SPDX-License-Identifier: MIT
// Who may have which interrupts.
#include "check.h"

namespace root_test {

namespace {

Error attach(std::string_view name, Word line) {
  return static_cast<Error>(act(name, Act::attach, line).value_or(99));
}

bool handles(TaskId task, Word line) {
  for (Word n = 0;; ++n) {
    const auto info = ask<Root::interrupt_info>(n);
    if (!info) return false;
    if (info->line == line && TaskId::of(info->handler) == task) return true;
  }
}

}  // namespace

void test_interrupts() {
  const TaskId self = mica::this_task().task;
  const Counts before = counts();
  for (const Word line : {Word{0}, Word{4}, Word{6}, Word{255}, Word{256}, ~Word{0}}) {
    check_error(ask<Root::attach_interrupt>(line, Word{0}).error(), Error::denied, "a line of others");
  }
  for (const Word n : {Word{1}, Word{64}, ~Word{0}}) {
    check_error(ask<Root::attach_interrupt>(Word{5}, n).error(), Error::bad_argument,
                "a thread that is not there");
    check_error(ask<Root::attach_message_interrupt>(n).error(), Error::bad_argument, "nor for messages");
  }
  const auto one = ask<Root::attach_message_interrupt>(Word{0}),
             two = ask<Root::attach_message_interrupt>(Word{0});
  check(one.ok() && two.ok() && one->number != two->number && one->address != 0, "interrupts by messages");
  check_error(ask<Root::attach_message_interrupt>(Word{0}).error(), Error::denied,
              "are as many as the manifest says, lines besides");
  check(ask<Root::attach_interrupt>(Word{5}, Word{0}).ok() &&
            ask<Root::attach_interrupt>(Word{5}, Word{0}).ok() && handles(self, 5),
        "a line, which may be attached again");
  check(counts().interrupts == before.interrupts + 3, "all are counted");
  check_error(ask<Root::interrupt_info>(~Word{0}).error(), Error::not_found, "there are no others");

  // They come back with the thread that handles them, and with the task.
  const auto thread = ask<Root::create_thread>(mica::root_server());
  check(thread.ok() && ask<Root::attach_interrupt>(Word{5}, thread->number() % mica::threads_per_task).ok() &&
            ask<Root::delete_thread>(thread->number() % mica::threads_per_task).ok() && !handles(self, 5),
        "a line is free when its thread is deleted");
  check(attach("subject", 3) == Error::none && attach("subject", 7) == Error::none &&
            act("subject", Act::attach_message).value_or(99) == 0 && handles(task_named("subject"), 3),
        "another task has some");
  check_error(attach("other", 7), Error::busy, "a shared line is one task's at a time");
  check_error(attach("other", 3), Error::denied, "one that is not shared is nobody else's");
  check(ask<Root::restart>(Name("subject")).ok() && attach("other", 7) == Error::none,
        "until that has ended");
  check(attach("subject", 7) == Error::busy && ask<Root::restart>(Name("other")).ok(), "and so on");
  check(counts().interrupts == before.interrupts + 2, "all come back");
}

}  // namespace root_test
