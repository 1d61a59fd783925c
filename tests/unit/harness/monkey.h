// SPDX-License-Identifier: MIT
// A user of all system calls who does not know what they are for: each step is a
// random kernel entry of whichever thread runs, or an interrupt.
#pragma once

#include <memory>
#include <string>

#include "machine.h"

namespace mica::test {

class Monkey {
 public:
  struct Options {
    u64 seed = 1;
    bool fast_path = true;
    bool trace = false;  // prints every step
    bool small_steps = false;  // of long operations, and interrupts between them
  };

  explicit Monkey(const Options& options);
  ~Monkey();
  // False: nothing can happen any more.
  bool step();
  // All that a user could see; it must not depend on the fast path.
  std::string visible() const;
  u64 fast_calls() const;

 private:
  class Hands;
  std::unique_ptr<Hands> hands_;
};

}  // namespace mica::test
