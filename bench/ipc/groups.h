// SPDX-License-Identifier: MIT
// The groups of rows, a file each, in the order in which main.cc takes them.
#pragma once

namespace bench {

void measure_strings();
void measure_string_lengths();
void measure_mappings();
void measure_round_trips();
void measure_slow_path();
void measure_priorities();
void measure_one_way();
void measure_waiting_senders();
void measure_timeouts();
void measure_local();
void measure_propagation();
void measure_redirector();
void measure_chains();
void measure_sse();  // the last one: it leaves the first thread with FPU state

}  // namespace bench
