// SPDX-License-Identifier: MIT
// Copying and clearing by whole words, and the functions the compiler may call.
#pragma once

#include "../types.h"

namespace mica {

void copy_bytes(u8* to, const u8* from, u64 size);  // ranges do not overlap
void clear_bytes(u8* to, u64 size);

}  // namespace mica
