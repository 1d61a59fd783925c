// SPDX-License-Identifier: MIT
#include "frames.h"

#include <runtime/program.h>

namespace root {

namespace {

constexpr unsigned chunk_order = 16;  // asked of sigma0 at once
l4::Word next = 0, end = 0;

}  // namespace

l4::Word new_frame() {
  if (next == end) {
    const l4::Word chunk = runtime::allocate_memory(chunk_order);
    if (chunk == 0) return 0;
    next = chunk;
    end = chunk + (l4::Word{1} << chunk_order);
  }
  const l4::Word frame = next;
  next += 0x1000;
  return frame;
}

}  // namespace root
