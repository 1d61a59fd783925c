// SPDX-License-Identifier: MIT
// What the programs of several tests do.
#pragma once

#include <doctest/doctest.h>

#include "user.h"

namespace mica::test {

inline void pause(User& user) { user.receive(user.id(), timed(Time::period(1000))); }

inline void wait_for_ever(User& user) {
  for (;;) user.receive(ThreadId::any());
}

// A task that takes all that it is given.
inline void take_all(User& user) {
  user.accept(Fpage::complete());
  wait_for_ever(user);
}

// 64 pages of RAM that the root task can have, and where fill() maps them.
inline constexpr Address spare_ram = u64{16} << 20, filled_at = 0x400000;

// The root task gets these pages for its own.
inline void take_pages(User& root) {
  root.accept(Fpage::complete());
  CHECK(root.call(sigma0_id, Message(label_sigma0, {Fpage::memory(spare_ram, 18).raw, 0})).ok());
}

// `count` mappings of them, 32 a message, in the space of a task that waits for them.
inline void fill(User& root, ThreadId task, u64 count) {
  for (u64 i = 0; i < count; i += 32) {
    const Fpage pages = Fpage::memory(spare_ram + (i % 64) * page_size, 17, Rights::all());
    CHECK(root.send(task, Message(0).map(pages, filled_at + i * page_size)).ok());
  }
}

// `handler`, a thread of the root task's space, handles a line and is more urgent than all.
inline void attach_urgent(User& root, unsigned line, ThreadId handler) {
  const ThreadId interrupt = ThreadId::interrupt(line);
  CHECK(root.thread_control(interrupt, interrupt, ThreadId::nil(), handler));
  root.schedule(handler, 255);
}

}  // namespace mica::test
