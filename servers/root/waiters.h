// SPDX-License-Identifier: MIT
// Threads that wait for an answer of the root server: a name, the end of a task, more of the
// log. A thread waits for one thing, as it takes one answer; and a family (a task of the
// manifest and those that come from it) has a part of the room, so that nobody takes that of
// others. Pure.
#pragma once

#include <mica/task.h>

#include "manifest.h"

namespace root {

class Waiters {
 public:
  enum class For : std::uint8_t { name, ending, text };
  static constexpr std::size_t of_family = 32, families = decltype(Manifest::tasks)::capacity;

  // `what` is the name's number, the task's id or the position. The thread does not wait for
  // anything else any more. False: too many threads of the family wait.
  [[nodiscard]] bool add(l4::ThreadId client, Word family, For kind, Word what) {
    forget(client);
    std::size_t others = 0;
    for (const Waiter& waiter : waiters_) others += waiter.family == family ? 1u : 0u;
    return others < of_family && waiters_.push({client, what, static_cast<std::uint8_t>(family), kind});
  }

  bool has(l4::ThreadId client) const {
    for (const Waiter& waiter : waiters_) {
      if (waiter.client == client) return true;
    }
    return false;
  }

  // Calls answer(client, what) for each that waits for something of the kind of which is(what)
  // holds, and which waits no more then.
  template <typename Is, typename Answer>
  void answer(For kind, Is&& is, Answer&& answer) {
    for (std::size_t i = waiters_.size(); i-- > 0;) {
      const Waiter waiter = waiters_[i];
      if (waiter.kind != kind || !is(waiter.what)) continue;
      waiters_.remove(i);
      answer(waiter.client, waiter.what);
    }
  }

  // The thread, or all of the task, are no more, or wait no more.
  void forget(l4::ThreadId client) {
    remove_if([client](const Waiter& waiter) { return waiter.client == client; });
  }
  void forget(mica::TaskId task) {
    remove_if([task](const Waiter& waiter) { return mica::TaskId::of(waiter.client) == task; });
  }

 private:
  struct Waiter {
    l4::ThreadId client;
    Word what;
    std::uint8_t family;
    For kind;
  };

  template <typename Is>
  void remove_if(Is&& is) {
    for (std::size_t i = waiters_.size(); i-- > 0;) {
      if (is(waiters_[i])) waiters_.remove(i);
    }
  }

  mica::FixedVector<Waiter, of_family * families> waiters_;
};

}  // namespace root
