// SPDX-License-Identifier: MIT
// How many instructions, roughly, a step of a long operation may take (budget.h).
#pragma once

#include "../types.h"

namespace mica {

inline constexpr i64 instructions_a_step = 3000;

}  // namespace mica
