// SPDX-License-Identifier: MIT
// Interrupt vectors above the CPU's exceptions.
#pragma once

#define VECTOR_LINES 0x20  // line n has VECTOR_LINES + n
#define LINES_WITH_ENTRY 96
#define VECTOR_TIMER 0xf0
#define VECTOR_SPURIOUS 0xff  // must not be acknowledged
