// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_serial();
void measure_timer();
void measure_notification();

}  // namespace bench
