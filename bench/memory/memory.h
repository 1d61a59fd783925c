// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "../../examples/pager/pager.h"

namespace bench {

// The memory whose faults are measured, to be served by the pager thread.
std::span<const pager::Region> fault_regions();

void measure_mapping();
void measure_faults();
void measure_primitives();
void measure_second_places();
void measure_database();
void measure_spaces();

}  // namespace bench
