// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_round_trips();

}  // namespace bench
