// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_exceptions();

}  // namespace bench
