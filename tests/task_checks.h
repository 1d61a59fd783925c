// SPDX-License-Identifier: MIT
// What tests that run as a task of a system have in common. Each check is a line, `ok` or `not ok`.
#pragma once

#include <string_view>

#include <mica/root.h>
#include <runtime/program.h>

namespace task_checks {

using mica::Error;
using mica::Result;
using mica::Root;
using mica::TaskId;
using mica::Word;

inline unsigned checks = 0, failures = 0;

// `which` is a part of `what` that differs.
inline bool check(bool holds, std::string_view what, std::string_view which = {}) {
  runtime::print("{}ok {} - {}{}\n", holds ? "" : "not ", ++checks, what, which);
  if (!holds) ++failures;
  return holds;
}

// What follows is called in many places: inlined, it would take most of a test's memory.

// How it went, at the end. The program's result.
inline int report_checks() {
  runtime::print("{} of {} checks failed\n", failures, checks);
  return failures == 0 ? 0 : 1;
}

// The server of that name as it is now. The program ends if there is none.
[[gnu::noinline]] inline l4::ThreadId server(std::string_view name) {
  const auto found = mica::call<Root::find>(mica::root_server(), mica::Name(name));
  if (found) return *found;
  runtime::print("{}: {}\n", name, mica::text(found.error()));
  runtime::panic("a server is not there");
}

[[gnu::noinline]] inline Result<TaskId> spawn(std::string_view program, std::string_view arguments, Word memory) {
  return mica::call<Root::spawn>(mica::root_server(), memory, mica::Text<64>(program), mica::Text<256>(arguments));
}

// The same, with one argument `name=value`.
inline Result<TaskId> spawn(std::string_view program, std::string_view name, std::string_view value, Word memory) {
  mica::Text<256> argument;
  for (const std::string_view part : {name, std::string_view("="), value}) {
    const unsigned size = argument.size();
    argument.resize(size + static_cast<unsigned>(part.size()));
    part.copy(argument.data() + size, argument.size() - size);
  }
  return spawn(program, argument, memory);
}

// The end of a child, when it has come; code -2 of one that there is not.
[[gnu::noinline]] inline mica::Ending end_of(const Result<TaskId>& task) {
  const auto ending = task ? mica::call<Root::wait>(mica::root_server(), *task) : Result<mica::Ending>(task.error());
  if (ending) return *ending;
  runtime::print("a child: {}\n", mica::text(ending.error()));
  return {-2, 0};
}

}  // namespace task_checks
