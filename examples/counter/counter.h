// SPDX-License-Identifier: MIT
// The interface of a service that counts, for each of its clients apart.
#pragma once

#include <mica/rpc.h>

struct Counter {
  static constexpr long id = 0x200;  // numbers from 0x200 on are free for programs
  static constexpr mica::Word most = 1000;

  // Adds to the caller's sum, which is the result. Error bad_argument: it would be more than
  // `most`; nothing is added.
  using add = mica::Operation<Counter, 0, mica::Word(mica::Word amount)>;
  // A sentence about the caller's sum.
  using describe = mica::Operation<Counter, 1, mica::Text<64>()>;
  // The server falls over, as if it had a bug.
  using fall = mica::Operation<Counter, 2, void()>;

  using Operations = mica::Operations<add, describe, fall>;
};
