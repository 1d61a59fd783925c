// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

void measure_system_calls();
void measure_thread_calls();
void measure_privileged_calls();
void measure_unmap();

}  // namespace bench
