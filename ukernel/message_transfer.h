// SPDX-License-Identifier: MIT
// Messages with typed items. Mappings are made first, then strings are copied, each
// in the order of the message; the words follow when all is done.
//
// What one step cannot do (work.h) is under way: the sender works on, when it is
// its turn; the receiver is locked. They know each other as peers.
//
//      sender                       receiver
//      ready, Work::transfer        locked            the sender does the next step
//      waits for its pager          locked            a page of the sender's was missing
//      locked                       waits for its pager
//
// Whatever ends it early (a timeout, an abort, a death) ends it for both.
#pragma once

#include "message.h"

namespace mica {

// The message of `sender`, a user's with typed items, to `receiver`, whose wait is over.
[[nodiscard]] Delivery deliver_items(Cpu& cpu, Thread& sender, Thread& receiver);

// The next step of the running thread's message.
[[nodiscard]] Thread* continue_transfer(Cpu& cpu, Thread& sender);

inline bool is_in_transfer(const Thread& t) { return t.peer && !t.is_interrupt(); }
inline bool is_sender_in_transfer(const Thread& t) { return t.work == Work::transfer; }

// Ends the transfer of which `t` is one side. Both sides become runnable.
void abort_transfer(Cpu& cpu, Thread& t, IpcError for_sender, IpcError for_receiver);
// Its time is over.
void expire_transfer(Cpu& cpu, Thread& sender);

// The reply to the page fault of a thread in a transfer.
[[nodiscard]] Delivery end_transfer_fault(Thread& t);

}  // namespace mica
