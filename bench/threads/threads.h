// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_lifecycle();
void measure_switches();
void measure_ready_threads();
void measure_many();

}  // namespace bench
