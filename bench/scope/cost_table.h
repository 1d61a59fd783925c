// SPDX-License-Identifier: MIT
// What things may cost in cycles, at least and at most, and where the figures are from.
//
// The sum over an iteration is a range, not a prediction: there is no pipeline in it, no
// branch prediction, no overlap. The lower ends suppose that the processor hides what it can
// hide, the upper ends that it hides nothing.
#pragma once

#include <span>

#include "counting.h"
#include "machine_model.h"

namespace scope {

struct Range {
  double low = 0, high = 0;
};

struct Cost {
  const char* what;
  Range cycles;
  const char* source;
};

Cost cost_of(Kind kind);
// Of a miss in this level that the next one serves; for the last levels, that none serves.
Cost cost_of_miss(Level level);

// All entries, for whoever wants to look at them.
std::vector<Cost> cost_table();

Range estimate(const Figures& figures, const Counts& counts);

}  // namespace scope
