// SPDX-License-Identifier: MIT
// What a message is made of and what its arrival does: words, typed items, and
// the kernel's protocols (start, faults, exceptions), in which the kernel stands
// in for one of the partners.
#pragma once

#include "cpu.h"

namespace mica {

struct Failure {
  IpcError error = IpcError::none;
  u64 offset = 0;
  explicit operator bool() const { return error != IpcError::none; }
};

// Is the message that a user is about to send shaped as the manual says? (Items
// whole, of known types, within the message registers.)
[[nodiscard]] bool well_formed(const Thread& sender);

// MR `i` of a user that is in a system call.
[[nodiscard]] u64& message_register_of(Thread& t, unsigned i);

// Moves the message of `sender` to `receiver`, whose wait it ends. Whatever the
// outcome, the receiver's side is complete; the sender's is the caller's to do.
[[nodiscard]] Failure deliver(Cpu& cpu, Thread& sender, Thread& receiver);

// Puts an IPC error into the result registers and the ErrorCode TCR.
void set_ipc_error(Thread& t, Phase phase, Failure failure);

}  // namespace mica
