// SPDX-License-Identifier: MIT
// The memory that the root server hands on: pages that it got from sigma0.
#pragma once

#include <l4/l4.hpp>

namespace root {

// A cleared page, by its address in this space; 0 if sigma0 has no more.
l4::Word new_frame();

}  // namespace root
