// SPDX-License-Identifier: MIT
// What the tests of the root server have in common.
#pragma once

#include <mica/connection.h>
#include <mica/tasks.h>

#include "../task_checks.h"
#include "subject.h"

namespace root_test {

using mica::Error;
using mica::Name;
using mica::Result;
using mica::Root;
using mica::task_named;
using mica::TaskId;
using mica::Word;
using task_checks::check;
using task_checks::server;

inline constexpr Word page_size = 0x1000;
inline constexpr Word millisecond = 1000;

inline bool check_error(Error got, Error expected, std::string_view what) {
  if (got != expected) runtime::print("{}, not {}:\n", mica::text(got), mica::text(expected));
  return check(got == expected, what);
}

// Asks the root server.
template <typename Op, typename... A>
auto ask(const A&... arguments) {
  return mica::call<Op>(mica::root_server(), arguments...);
}
template <typename Op, typename... A>
auto ask_within(Word microseconds, const A&... arguments) {
  return mica::call_within<Op>(l4::Timeouts{L4_TimePeriod(microseconds).raw}, mica::root_server(),
                               arguments...);
}
template <typename Op, typename... A>
Result<mica::Map> map(l4::Fpage window, const A&... arguments) {
  return mica::map_call<Op>(mica::root_server(), mica::Window{window}, arguments...);
}

// Where blocks are mapped to: place n, of up to 4 MiB.
inline l4::Fpage place(Word n, unsigned order = 22) {
  return l4::Fpage::memory((Word{1} << 45) + (n << 22), order);
}
inline volatile Word* at(Word n) { return reinterpret_cast<volatile Word*>((Word{1} << 45) + (n << 22)); }

[[gnu::noinline]] inline Result<Word> act(std::string_view name, Act what, Word a = 0, Word b = 0) {
  return mica::call<Subject::act>(server(name), what, a, b);
}

// Has it give an answer that is none, and complains of that.
[[gnu::noinline]] inline Error provoke(std::string_view name) {
  mica::Connection<Subject> connection(name);
  return connection.call<Subject::act>(Act::nonsense, Word{0}, Word{0}).error();
}

// Nothing but zeros of a task that has ended.
[[gnu::noinline]] inline mica::TaskInfo about(TaskId task) { return mica::info_of(task).value_or({}); }

// What there is in the system. Pages of programs are given when they are touched, so free frames
// and those that living tasks hold are taken together: what is in neither is lost.
struct Counts {
  Word frames = 0, interrupts = 0, tasks = 0;
  bool operator==(const Counts&) const = default;
};
inline Counts count_once() {
  const auto memory = ask<Root::memory_info>();
  Counts now{memory->free, 0, memory->tasks};
  mica::for_each_task([&](const mica::TaskInfo& task) { now.frames += task.frames; });
  while (ask<Root::interrupt_info>(now.interrupts)) ++now.interrupts;
  return now;
}
// Others may touch pages meanwhile.
[[gnu::noinline]] inline Counts counts() {
  for (Counts last = count_once();;) {
    const Counts now = count_once();
    if (now == last) return now;
    last = now;
  }
}
inline bool check_same(const Counts& now, const Counts& before, std::string_view what) {
  if (!(now == before)) {
    runtime::print("frames {} {}, interrupts {} {}, tasks {} {}\n", before.frames, now.frames,
                   before.interrupts, now.interrupts, before.tasks, now.tasks);
  }
  return check(now == before, what);
}

// What the same program does as a child of the tests, by the argument part=.
int run_child(std::string_view part);
Result<TaskId> spawn(std::string_view part, Word memory = Word{256} << 10);
// Runs it to its end; that of a child that cannot be made has code -2.
mica::Ending run(std::string_view part, Word memory = Word{256} << 10);

void test_requests();
void test_information();
void test_names();
void test_memory();
void test_threads();
void test_interrupts();
void test_tasks();
void test_supervision();
void test_shares();

int judge_servers();

}  // namespace root_test
