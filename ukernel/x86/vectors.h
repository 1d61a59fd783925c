// SPDX-License-Identifier: MIT
// Interrupt vectors above the CPU's exceptions. The local APIC takes the highest one
// first, by classes of 16: the timer's is below all others, so that one that fires
// again at once keeps no device waiting.
#pragma once

#define VECTOR_TIMER 0x20
#define VECTOR_INTERRUPTS 0x30  // interrupt n, from 1, has VECTOR_INTERRUPTS + n
#define INTERRUPTS_WITH_ENTRY 119
#define VECTOR_SPURIOUS 0xff  // must not be acknowledged
