// SPDX-License-Identifier: MIT
// For measure_rounds(): one thing, done over and over. Two instructions for the loop.
#pragma once

#include "ticks.h"

namespace bench {

template <class Act>
auto repeat(Act act) {
  return [act](unsigned rounds) mutable {
    const l4::Word start = ticks();
    do {
      act();
    } while (--rounds != 0);
    return ticks() - start;
  };
}

}  // namespace bench
