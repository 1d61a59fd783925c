// SPDX-License-Identifier: MIT
// The disk as the campaign probes it: each probe writes a sector and reads another one whose
// write was acknowledged before, by whatever incarnation of the driver.
#pragma once

#include "victims.h"

namespace campaign {

struct DiskCount {
  Word acknowledged = 0;  // writes
  Word lost = 0;          // sectors that did not have what was acknowledged last
};

Answer probe_disk(l4::ThreadId server, Word n);

const DiskCount& disk_count();

// Reads all sectors that were written. wrong: one is not as it should be, if this driver is right.
Answer check_disk();

}  // namespace campaign
