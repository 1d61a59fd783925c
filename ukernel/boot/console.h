// SPDX-License-Identifier: MIT
// Where the first stage complains: the first serial port (115200 baud, polled)
// and the screen, be it VGA text or a framebuffer.
#pragma once

#include <initializer_list>
#include <string_view>

#include "platform.h"

namespace mica {

// What the loader said about the screen; without a base VGA text is assumed.
void set_screen(const Framebuffer& framebuffer);

// Prints the parts one after the other as one line and stops the machine.
[[noreturn]] void stop(std::initializer_list<std::string_view> parts);

}  // namespace mica
