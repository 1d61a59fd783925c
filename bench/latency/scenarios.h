// SPDX-License-Identifier: MIT
// What an interrupt may have to wait for.
#pragma once

namespace bench {

void measure_mappings();   // one page with 100,000 mappings: query, rights, revocation, grant
void measure_transfers();  // 16 MiB mapped page by page, a string of 4 MiB
void measure_deletion();   // a space with a million mappings
void measure_crowds();     // thousands of threads: timeouts, senders, create and delete

}  // namespace bench
