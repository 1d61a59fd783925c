// SPDX-License-Identifier: MIT
// Names, waiting for them, and who may talk to whom.
#include "check.h"

namespace root_test {

void test_names() {
  for (const std::string_view name : {"nobody", "", "0123456789012345678901234567890"}) {
    check_error(ask<Root::find>(Name(name)).error(), Error::denied, "a name that it does not use");
    check_error(ask<Root::register_name>(Name(name)).error(), Error::denied, "nor provide");
  }
  check(act("subject", Act::add, 40, 2).value_or(0) == 42, "a server is found by its name");

  // One that registers a while after its start.
  const l4::ThreadId before = server("late");
  check(ask<Root::kill>(TaskId::of(before)).ok(), "a slow server is ended");
  const Word time = L4_SystemClock().raw;
  const l4::ThreadId after = server("late");
  check(after != before && !after.is_nil() && L4_SystemClock().raw - time > 100 * millisecond,
        "who looks for it waits until it is there again");
  bool alone = true;
  for (unsigned i = 0; i < 1200; ++i) {
    alone = alone && ask_within<Root::find>(100, Name("silent")).error() == Error::timeout;
  }
  check(alone, "who gives up waiting leaves nothing behind");
  check(!server("late").is_nil(), "and others are found as before");

  // The name is the thread's that has registered it last.
  const l4::ThreadId first = server("other");
  const auto number = act("other", Act::register_other);
  check(
      number.value_or(0) != 0 && server("other") == TaskId::of(first).thread(static_cast<unsigned>(*number)),
      "a thread takes over its task's name");
  check(mica::call<Subject::act>(first, Act::delete_thread, *number, Word{0}).value_or(99) == 0,
        "it is deleted");
  check_error(ask_within<Root::find>(10 * millisecond, Name("other")).error(), Error::timeout,
              "nobody answers for its name then");
  check(ask<Root::restart>(Name("other")).ok() && act("other", Act::add, 1, 2).value_or(0) == 3,
        "and its task is started again");

  // The manifest says who may talk to whom.
  const l4::ThreadId subject = server("subject");
  check(act("other", Act::call, subject.raw).value_or(99) == 0, "a task talks to those that it uses");
  check_error(static_cast<Error>(act("stranger", Act::call, subject.raw).value_or(99)), Error::denied,
              "and to nobody else, whatever ids it knows");
}

}  // namespace root_test
