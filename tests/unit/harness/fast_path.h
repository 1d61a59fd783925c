// SPDX-License-Identifier: MIT
// The fast path (x86/fastpath.S) said again in C++, so that the host tests see
// the states that it leaves behind.
#pragma once

#include "machine.h"

namespace mica::test {

// True: the call in machine.user is done. False: nothing happened.
bool fast_ipc(Machine& machine);

}  // namespace mica::test
