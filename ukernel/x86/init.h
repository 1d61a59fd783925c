// SPDX-License-Identifier: MIT
// Bringing the machine up. Functions marked MICA_INIT lie in a part of the image
// that is given back before the first user instruction; nothing else calls them.
#pragma once

#include "../boot/platform.h"

#define MICA_INIT [[gnu::section(".init.text")]]

namespace mica {

struct Cpu;

// A copy of what the first stage found; stays after boot.
extern Platform platform;

// In its own page, aligned, close enough for RIP-relative addresses.
extern Cpu boot_cpu asm("boot_cpu");

}  // namespace mica
