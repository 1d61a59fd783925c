// SPDX-License-Identifier: MIT
// Servers that end, hang, or talk nonsense, and are there again.
#include "check.h"

namespace root_test {

namespace {

Word restarts(std::string_view name) { return about(task_named(name)).restarts; }

void check_kill() {
  (void)act("subject", Act::memory, 12, 1);
  (void)ask<Root::restart>(Name("subject"));
  (void)act("subject", Act::add);
  const Counts before = counts();
  const l4::ThreadId old = server("subject");
  check(act("subject", Act::memory, 13, 10).value_or(0) == 10 &&
            act("subject", Act::attach, 3).value_or(99) == 0 &&
            act("subject", Act::attach_message).value_or(99) == 0,
        "a server has memory and interrupts");
  const Word count = restarts("subject");
  check(ask<Root::kill>(TaskId::of(old)).ok(), "it is killed");
  mica::Connection<Subject> connection("subject");
  check(connection.call<Subject::act>(Act::add, Word{2}, Word{3}).value_or(0) == 5, "and answers again");
  check(server("subject") != old && !mica::alive(TaskId::of(old)) && restarts("subject") == count + 1,
        "a new incarnation, with a new id");
  check_same(counts(), before, "what it had is free");
  check_error(mica::call<Subject::act>(old, Act::add, Word{0}, Word{0}).error(), Error::gone,
              "the old one is gone");
  check_error(connection.call<Subject::act>(Act::crash, Word{0}, Word{0}).error(), Error::gone,
              "one that crashes is gone");
  check(connection.call<Subject::act>(Act::add, Word{2}, Word{3}).value_or(0) == 5, "and there again");
  check_error(connection.call<Subject::act>(Act::exit, Word{0}, Word{0}).error(), Error::gone,
              "one that ends with success");
  check_error(ask<Root::find>(Name("subject")).error(), Error::ended, "is not started again");
  check(ask<Root::restart>(Name("subject")).ok() &&
            connection.call<Subject::act>(Act::add, Word{1}, Word{1}).value_or(0) == 2,
        "but by hand");
}

void check_limit() {
  for (unsigned i = 0; i < 2; ++i) {
    check_error(act("limited", Act::crash).error(), Error::gone, "a server crashes");
    check(act("limited", Act::add, 1, 1).value_or(0) == 2, "and is there again");
  }
  check_error(act("limited", Act::crash).error(), Error::gone, "once too often");
  check_error(ask<Root::find>(Name("limited")).error(), Error::ended, "and those who look for it are told");
  check(ask<Root::restart>(Name("limited")).ok() && act("limited", Act::add, 1, 1).value_or(0) == 2,
        "it is started by hand");
}

void check_hang() {
  const Word count = restarts("hang");
  const Word time = L4_SystemClock().raw;
  check_error(act("hang", Act::hang).error(), Error::gone, "a server that hangs is ended");
  const Word took = L4_SystemClock().raw - time;
  check(took >= 20 * millisecond && took < 50 * millisecond, "in about the time of its heartbeat");
  check(act("hang", Act::add, 1, 1).value_or(0) == 2 && restarts("hang") == count + 1, "and started again");
}

// Two of the same priority. The slices of the one that works are so short that the other one has its
// turn within its heartbeat, which is less than a usual slice.
void check_neighbour() {
  const Word count = restarts("neighbour");
  bool worked = true;
  for (unsigned i = 0; i < 20; ++i) worked = act("hang", Act::spin, 9 * millisecond).value_or(0) != 0 && worked;
  check(worked && restarts("neighbour") == count && act("neighbour", Act::add, 1, 1).value_or(0) == 2,
        "who works for a while does not keep others from taking their heartbeats");
}

// Nor is a server ended that is never idle, or that waits for the root server.
void check_busy() {
  const Word count = restarts("busy");
  check(act("busy", Act::lower, 50).value_or(99) == 0, "a server is less urgent than its clients");
  const auto one = spawn("flood-busy"), two = spawn("flood-busy");
  L4_Sleep(L4_TimePeriod(120 * millisecond));
  check(one.ok() && two.ok() && act("busy", Act::add, 1, 1).value_or(0) == 2 && restarts("busy") == count,
        "one that always has something to do does not hang");
  check(ask<Root::kill>(*one).ok() && ask<Root::kill>(*two).ok(), "its clients are ended");
  const Word waited = restarts("hang");
  check(act("hang", Act::find_silent, 100 * millisecond).value_or(0) == static_cast<Word>(Error::timeout) &&
            restarts("hang") == waited,
        "nor does one that waits for a name");
}

void check_nonsense() {
  const Word count = restarts("babbler");
  for (unsigned i = 0; i < 4; ++i) {
    check_error(provoke("babbler"), Error::bad_reply, "an answer that is none");
    check(run("provoke").code == static_cast<long>(Error::bad_reply), "nor is one to a child");
  }
  check(restarts("babbler") == count, "one family does not end a server of others");
  check_error(ask<Root::complain>(mica::root_server()).error(), Error::not_found,
              "what is no task is not ended");
  check(act("other", Act::provoke).value_or(0) == static_cast<Word>(Error::bad_reply) &&
            restarts("babbler") == count &&
            act("worker", Act::provoke).value_or(0) == static_cast<Word>(Error::bad_reply) &&
            restarts("babbler") == count + 1,
        "three do");
  const Word own = restarts("hang");
  check_error(provoke("hang"), Error::bad_reply, "one that nobody else uses");
  check(restarts("hang") == own + 1 && act("hang", Act::add, 1, 1).value_or(0) == 2,
        "is started again at once");
  check_error(static_cast<Error>(act("stranger", Act::complain, server("babbler").raw).value_or(99)),
              Error::denied, "who does not use it does not complain");
}

void check_essential() {
  const l4::ThreadId before = server("core");
  check(ask<Root::restart>(Name("core")).ok() && server("core") != before &&
            act("core", Act::add, 1, 1).value_or(0) == 2,
        "a task that the system ends with is started again by hand, and the system goes on");
}

void check_log() {
  check(act("other", Act::read_log).value_or(99) == static_cast<Word>(Error::timeout),
        "another task shows the log");
  runtime::print("this was printed while another task showed the log\n");
  check(ask<Root::kill>(task_named("other")).ok(), "until it is ended");
}

void check_held() {
  const Counts before = counts();
  check(act("holder", Act::held).value_or(99) == 0 && act("holder", Act::memory, 14, 3).value_or(0) == 3,
        "a server holds memory");
  check(ask<Root::kill>(task_named("holder")).ok() && act("holder", Act::held).value_or(0) == 3,
        "its next incarnation finds it");
  check(act("holder", Act::memory, 12, 1000).value_or(0) > 0 && ask<Root::kill>(task_named("holder")).ok() &&
            act("holder", Act::add, 1, 1).value_or(0) == 2,
        "one that holds all that it may is started again");
  const Word held = act("holder", Act::held).value_or(0);
  Word freed = 0;
  while (act("holder", Act::free_held).value_or(99) == 0) ++freed;
  check(held > 3 && freed == held && act("holder", Act::held).value_or(99) == 0, "and it can be given back");
  check_same(counts(), before, "all of it");
}

}  // namespace

void test_supervision() {
  check_error(ask<Root::restart>(Name("nobody")).error(), Error::not_found, "there is nobody to start");
  check_kill();
  check_limit();
  check_hang();
  check_neighbour();
  check_busy();
  check_nonsense();
  check_essential();
  check_log();
  check_held();
}

}  // namespace root_test
