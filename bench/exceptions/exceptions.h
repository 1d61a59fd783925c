// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_exceptions();
void measure_first_use();

}  // namespace bench
