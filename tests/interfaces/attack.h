// SPDX-License-Identifier: MIT
// What an attacker does: a task of its own, whose every step follows from its seed.
#pragma once

#include "targets.h"

namespace interfaces {

// So many messages to servers of the table, then the end that the seed says. The result is the program's, if
// there is one: some attackers crash, and some never end.
int attack(Word seed, Word steps);

}  // namespace interfaces
