// SPDX-License-Identifier: MIT
// Which part of a window is shown: one iteration.
//
// A window that is mostly a loop is cut into rounds at the loop's last instruction: the last
// one before the closing mark whose executions enclose a third of the window. The round that
// is shown is one from the middle. A window without such a loop is one iteration, as is
// every one between two addresses. Loops of the kernel count only where no user executes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "record.h"

namespace scope {

struct Rounds {
  std::size_t from = 0, to = 0;       // the events of the round that is shown
  std::vector<std::uint64_t> counts;  // instructions of each round; empty: there is no loop
};

Rounds find_rounds(const std::vector<Instruction>& instructions, const Trace& trace);

}  // namespace scope
