// SPDX-License-Identifier: MIT
// One iteration, instruction by instruction: as steps, and as text.
#pragma once

#include <string>
#include <vector>

#include "analysis.h"

namespace scope {

struct Access {
  const Event* event = nullptr;
  bool first = false;  // of its line in this iteration, by anybody
};

struct Step {
  const Instruction* instruction = nullptr;
  bool first_line = false, first_page = false;  // of its code
  std::vector<Access> accesses;
};

std::vector<Step> steps_of(const Report& report, const Analysis& window);

std::string listing(const Report& report, const Analysis& window);

}  // namespace scope
