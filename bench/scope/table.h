// SPDX-License-Identifier: MIT
// The figures as a table for people.
#pragma once

#include <string>

#include "analysis.h"

namespace scope {

// A line a window.
std::string overview(const Report& report);
// All figures of a window.
std::string details(const Report& report, const Analysis& window);

}  // namespace scope
