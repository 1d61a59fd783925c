// SPDX-License-Identifier: MIT
// The host's ukernel/x86/step.h: tests may make the steps of long operations shorter, so
// that even what is soon done is done in many.
#pragma once

#include "types.h"

namespace mica {

inline constexpr i64 usual_step = 3000;
inline i64 instructions_a_step = usual_step;

}  // namespace mica
