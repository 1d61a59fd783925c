// SPDX-License-Identifier: MIT
// What a thread can do to itself; each must not be felt by anybody else.
#pragma once

#include "threads.h"

namespace guest {

// How an attack ends.
enum class Ending {
  exception,   // an exception message with `number` and `error`
  page_fault,  // a page-fault message for `number`, the address, and access `error`
  io_fault,    // an I/O fault for port `number`
  stops,       // one of these
  returns,     // the thread goes on
};

struct Attack {
  const char* name;
  Body body;
  Ending ending;
  Word number = 0;
  Word error = 0;
};

// attacks.cc
extern const Attack attacks[];
extern const unsigned attack_count;

inline constexpr Word any_value = ~Word{0};  // not looked at
// Of `error`, with a vector: its gate is not for users. QEMU counts in gates of 16
// bytes, a CPU in entries of 8.
inline constexpr Word error_of_gate = Word{1} << 32;

}  // namespace guest
