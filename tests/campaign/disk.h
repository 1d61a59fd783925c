// SPDX-License-Identifier: MIT
// The disk as the campaign probes it: each probe writes a sector and reads another one whose
// write was acknowledged before, by whatever incarnation of the driver.
#pragma once

#include "victims.h"

namespace campaign {

Answer probe_disk(l4::ThreadId server, Word n);

// Sectors that did not have what was acknowledged last.
Word lost_writes();

// Reads all sectors that were written. False: the driver does not answer.
bool check_disk();

}  // namespace campaign
