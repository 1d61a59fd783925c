// SPDX-License-Identifier: MIT
// The letters for a framebuffer: 5 by 7 pixels in cells of 8 by 10.
#pragma once

#include "../types.h"

namespace mica {

struct Font {
  static constexpr u32 width = 8, height = 10;

  // Is pixel (x, y) of a letter's cell set? Letters that the font lacks are shown as '?'.
  static bool pixel(char c, u32 x, u32 y);
};

}  // namespace mica
