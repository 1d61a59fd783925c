// SPDX-License-Identifier: MIT
// The figures as JSON, for programs, and what the page needs to show an iteration.
#pragma once

#include <string>

#include "analysis.h"

namespace scope {

// One object a window, a line each.
std::string json_lines(const Report& report);

// Everything the page shows: the windows' figures and their steps. Windows of more steps
// than `most` have figures only.
std::string page_data(const Report& report, std::size_t most);

}  // namespace scope
