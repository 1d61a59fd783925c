// SPDX-License-Identifier: MIT
// A thread of the root server's that sends the heartbeat messages: unlike the root server it may
// wait until a busy task takes one. It knows nothing: it asks the root server what to do, does
// it, and says what came of it.
#pragma once

#include <l4/l4.hpp>

namespace root {

struct Pulse {
  l4::ThreadId thread;        // is to take a message; nil: nobody
  l4::Word microseconds = 0;  // within this time; with nobody: ask again after it
};

class PulseThread {
 public:
  // False: the kernel has no room for it.
  [[nodiscard]] bool start();
  bool is(l4::ThreadId thread) const { return !thread_.is_nil() && thread == thread_; }

  // What it says: whom it was to ask, and whether that one has taken the message.
  static l4::ThreadId asked(const l4::Words& m) { return l4::ThreadId(m[1]); }
  static bool taken(const l4::Words& m) { return m[2] != 0; }
  static l4::Words order(const Pulse& pulse) {
    return l4::Words(l4::Tag::make(0, 2), pulse.thread.raw, pulse.microseconds);
  }

 private:
  l4::ThreadId thread_;
};

}  // namespace root
