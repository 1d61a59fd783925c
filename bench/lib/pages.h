// SPDX-License-Identifier: MIT
// Memory for programs that run as root task.
#pragma once

#include <l4/l4.hpp>

namespace bench {

inline constexpr l4::Word page_size = 0x1000;

// `pages` pages of 4 KiB, each got from sigma0 by itself, so that none is a part of a
// larger one. Where nothing else is; `pages` at most 2^16.
l4::Word allocate_small_pages(l4::Word pages);

}  // namespace bench
