// SPDX-License-Identifier: MIT
// What the tests of drivers have in common.
#pragma once

#include "../task_checks.h"

namespace drivers_test {

using mica::Error;
using mica::Word;
using task_checks::check;
using task_checks::server;

void test_timer();
void test_clock();

// What the same program does as a child of the tests: the argument child= says it.
int run_timer_child(std::string_view part);

}  // namespace drivers_test
