// SPDX-License-Identifier: MIT
// Our figures beside those of other systems, which bench/published.json has.
//
// Figures of one unit are compared with each other. Where the machines differ, times
// are not: each is told as a multiple of its own system's null system call.
#pragma once

#include <string>
#include <vector>

#include "records.h"

namespace bench {

// An array with an element for each row of `published` for which another system has a
// figure: {"id", "title", "ours": FIGURE or null, "others": [FIGURE...]}. A FIGURE is
// {"system", "value", "unit", "machine", "kind", "date", "source"}, with "of_ours", the
// value divided by ours of the same unit, and "null_calls", where there is a divisor.
// Throws BadRecords with what is wrong with `published`, if anything is.
nlohmann::json compare_with(const nlohmann::json& published, const std::vector<Record>& records);

// The same as a table for people.
std::string comparison(const nlohmann::json& published, const std::vector<Record>& records);

}  // namespace bench
