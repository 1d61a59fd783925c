// SPDX-License-Identifier: MIT
// Where users enter the kernel.
//
// The stub of call number n starts at STUB_BASE + n * STUB_SPACING. It is SYSCALL
// and RET, so that a call through it arrives with RCX = that + 2. MemoryControl
// (n = 9) alone has moves before its SYSCALL, which overwrites two parameters:
// attribute 0 (RCX) arrives in RBP, attribute 3 (R11) in word -1 of the UTCB that
// RDI names (Utcb::word_size_mask), and RCX is STUB_MEMORY_CONTROL_RETURN.
#pragma once

#include "layout.h"

#define STUB_MEMORY_CONTROL_MOVES 7  // bytes of code
#define STUB_MEMORY_CONTROL_RETURN (STUB_BASE + 9 * STUB_SPACING + STUB_MEMORY_CONTROL_MOVES + 2)
