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

// What has become of a message.
struct Delivery {
  enum class Kind : u8 {
    done,
    failed,
    under_way,     // it takes longer: the sender has Work::transfer left
    resumes_peer,  // it answered a page fault that held up the message of the receiver's peer
  };
  Kind kind = Kind::done;
  IpcError error = IpcError::none;
  u64 offset = 0;
  Failure failure() const { return {error, offset}; }
};

// Moves the message of `sender` to `receiver`, whose wait it ends. Unless it is under
// way, the receiver's side is complete; the sender's is the caller's to do.
[[nodiscard]] Delivery deliver(Cpu& cpu, Thread& sender, Thread& receiver);
// Where mappings for `receiver` may go.
[[nodiscard]] inline Fpage window_of(Thread& receiver) {
  switch (receiver.protocol) {
    case Protocol::user:
      return Acceptor{receiver.tcr->br(0)}.window();
    case Protocol::page_fault:
    case Protocol::io_fault:
    case Protocol::transfer_fault:
      return Fpage::complete();
    default:
      return Fpage::nil();
  }
}
[[nodiscard]] inline MapItem map_item(Thread& sender, unsigned i, TypedItem item) {
  return {Fpage{message_register_of(sender, i + 1)}, item.send_base(), item.kind() == TypedItem::Kind::grant};
}
// The same for all but the typed items.
[[nodiscard]] Delivery deliver_words(Thread& sender, Thread& receiver);

// Puts an IPC error into the result registers and the ErrorCode TCR.
void set_ipc_error(Thread& t, Phase phase, Failure failure);

}  // namespace mica
