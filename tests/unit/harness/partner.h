// SPDX-License-Identifier: MIT
// Programs of include/mica on the host: their Ipc goes to a function of the test, which plays
// the kernel and all partners. The UTCB is the test's, too.
#pragma once

#include <functional>

#include <l4/l4.hpp>

namespace mica::test {

// One Ipc of the program: what it has sent, to be replaced by what it gets.
struct Ipc {
  l4::ThreadId to, from;  // nil: no such phase
  l4::Timeouts timeouts;
  l4::Word* mr;           // message registers 0 .. 63
  l4::ThreadId sender;    // the result

  l4::Tag tag() const { return {mr[0]}; }
  template <typename... W>
  void answer(l4::Tag tag, W... words) {
    const l4::Word all[] = {tag.raw, static_cast<l4::Word>(words)...};
    for (std::size_t i = 0; i < sizeof...(W) + 1; ++i) mr[i] = all[i];
  }
  // code as in l4/ipc.h.
  void fail(l4::Word code, bool in_receive);
};

// Runs the program until it returns or `kernel` does not: false is the end of a program that has none.
// Where it ends so, no destructors run.
void run_program(const std::function<bool(Ipc&)>& kernel, const std::function<void()>& program);

// Of the program that runs: a thread control register, a message register as it is in memory.
l4::Word& control_register(int index);
l4::Word& message_register(unsigned index);

// In microseconds.
l4::Word& system_clock();

}  // namespace mica::test
