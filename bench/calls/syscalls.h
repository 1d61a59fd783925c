// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_system_calls();

}  // namespace bench
