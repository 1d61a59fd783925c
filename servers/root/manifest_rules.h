// SPDX-License-Identifier: MIT
// What holds between the tasks of a manifest: nobody has what is another's, and everybody finds
// whom he uses.
#pragma once

#include "manifest.h"

namespace root {

void check_rules(const Manifest& manifest, Complaints& complaints);

}  // namespace root
