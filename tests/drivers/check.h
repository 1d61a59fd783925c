// SPDX-License-Identifier: MIT
// What the tests of drivers have in common. Each check is a line, `ok` or `not ok`.
#pragma once

#include <string_view>

#include <mica/connection.h>
#include <runtime/program.h>

namespace drivers_test {

using mica::Error;
using mica::Result;
using mica::Root;
using mica::Word;

inline unsigned checks = 0, failures = 0;

inline bool check(bool holds, std::string_view what) {
  runtime::print("{}ok {} - {}\n", holds ? "" : "not ", ++checks, what);
  if (!holds) ++failures;
  return holds;
}

// The server of that name; the program ends if there is none.
inline l4::ThreadId server(std::string_view name) {
  const auto found = mica::call<Root::find>(mica::root_server(), mica::Name(name));
  if (!found) runtime::panic("a server is not there");
  return *found;
}

inline Result<mica::TaskId> spawn(std::string_view arguments) {
  return mica::call<Root::spawn>(mica::root_server(), Word{128} << 10, mica::Text<64>("drivers_test.elf"),
                                 mica::Text<256>(arguments));
}

void test_timer();
void test_clock();

// What the same program does as a child of the tests: the argument child= says it.
int run_timer_child(std::string_view part);

}  // namespace drivers_test
