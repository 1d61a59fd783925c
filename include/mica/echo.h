// SPDX-License-Identifier: MIT
// A service that gives back what it gets: what a call costs, and whether a server lives.
#pragma once

#include "rpc.h"

namespace mica {

struct Echo {
  static constexpr long id = 0x22;
  using add = Operation<Echo, 0, Word(Word a, Word b)>;  // the sum, so that both words matter
  using Operations = mica::Operations<add>;
};

}  // namespace mica
