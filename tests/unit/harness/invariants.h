// SPDX-License-Identifier: MIT
// What must hold between any two kernel entries: every thread's state agrees with
// the queues, lists and tables that it is or is not in, nobody waits for what is
// already there, and every frame of kernel memory is accounted for.
#pragma once

#include <string>

#include "machine.h"

namespace mica::test {

// In words; empty when all is well.
std::string first_violation(const Machine& machine);

}  // namespace mica::test
