// SPDX-License-Identifier: MIT
// Message-signalled interrupts of the device for teaching.
#pragma once

#include "edu.h"
#include "interrupts.h"

namespace guest {

inline constexpr Word quiet = 20'000;  // us in which nothing comes

inline l4::ThreadId message(Word n) { return L4_MessageInterrupt(n); }

// Has the device's messages raise interrupt n of this handler.
inline l4::ThreadId attach_device(Word n, l4::ThreadId handler) {
  require(edu::find(), "the device is there");
  edu::silence();
  const l4::ThreadId id = message(n);
  Word address, data;
  require(L4_AssociateMessageInterrupt(id, handler, &address, &data) == 1, "attach");
  edu::enable_messages(address, data);
  return id;
}

inline void detach_device(l4::ThreadId id) {
  edu::disable_messages();
  edu::silence();
  expect_eq(detach(id), 0u);
}

inline void expect_quiet(l4::ThreadId id, Location at = Location::current()) {
  expect_failed(wait_interrupt(id, false, quiet).tag, receive_timeout, at);
}

}  // namespace guest
