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
[[nodiscard]] bool well_formed(Thread& sender);

// MR0-MR7 in their registers.
inline constexpr u64 Registers::*message_register[register_words] = {
    &Registers::r9,  &Registers::rax, &Registers::rbx, &Registers::r10,
    &Registers::r12, &Registers::r13, &Registers::r14, &Registers::r15};

// MR `i` of a user that is in a system call.
[[nodiscard, gnu::always_inline]] inline u64& message_register_of(Thread& t, unsigned i) {
  return i < register_words ? t.regs.*message_register[i] : t.tcr->mr[i];
}

// Moves the message of `sender` to `receiver`, whose wait it ends. Whatever the
// outcome, the receiver's side is complete; the sender's is the caller's to do.
[[nodiscard]] Failure deliver(Cpu& cpu, Thread& sender, Thread& receiver);

// Puts an IPC error into the result registers and the ErrorCode TCR.
void set_ipc_error(Thread& t, Phase phase, Failure failure);

}  // namespace mica
