// SPDX-License-Identifier: MIT
// Attaching interrupts and waiting for them.
#pragma once

#include "messages.h"

namespace guest {

inline constexpr Word interrupt_tag = 0xffff'ffff'fff0'0000;
inline constexpr l4::ThreadId interrupt_id(Word number) { return l4::ThreadId::global(number, 1); }

// 0 or the error code.
inline Word attach(l4::ThreadId interrupt, l4::ThreadId handler) {
  return thread_control(interrupt, interrupt, l4::ThreadId::nil(), handler);
}
inline Word detach(l4::ThreadId interrupt) { return attach(interrupt, interrupt); }

inline constexpr Word second = 1'000'000;

// The next interrupt, acknowledging the last one when told to.
inline Received wait_interrupt(l4::ThreadId from, bool acknowledge = false, Word us = second) {
  l4::Words m(l4::Tag::make(0, 0));
  const l4::ThreadId by = l4::ipc_words(acknowledge ? from : l4::ThreadId::nil(), from, {timeouts(us, us)}, m);
  return {m.tag(), by};
}
inline void expect_interrupt(const Received& r, l4::ThreadId from, Location at = Location::current()) {
  expect_eq(r.tag.raw, interrupt_tag, "tag", at);
  expect_eq(r.from, from, "sender", at);
}

}  // namespace guest
