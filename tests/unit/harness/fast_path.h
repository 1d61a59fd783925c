// SPDX-License-Identifier: MIT
// The fast path (x86/fastpath.S) said again in C++, so that the host tests see
// the states that it leaves behind.
#pragma once

#include "machine.h"

namespace mica::test {

// True: the call in machine.user is done. False: nothing happened.
bool fast_ipc(Machine& machine);
// The same for a page fault of the running thread, whose registers are in its TCB.
bool fast_page_fault(Machine& machine, Address address, u64 error);
// The same for another exception of it.
bool fast_exception(Machine& machine, u64 number, u64 error);
// ExchangeRegisters that changes nothing (x86/calls.S).
bool fast_exchange(Machine& machine);

}  // namespace mica::test
