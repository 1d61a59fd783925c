// SPDX-License-Identifier: MIT
// Serial line, screen and keyboard as the campaign probes them.
#pragma once

#include "victims.h"

namespace campaign {

// Before the first probe: finds the memory of the video card, where a screen's characters are.
bool begin_terminals();

// What is acknowledged is compared with what has come out, by who reads both lines.
Answer probe_serial(l4::ThreadId server, Word n);
// What is acknowledged has to be in the video card's memory.
Answer probe_screen(l4::ThreadId server, Word n);
// A key is pressed by way of the controller.
Answer probe_keyboard(l4::ThreadId server, Word n);

}  // namespace campaign
