// SPDX-License-Identifier: MIT
// A keyboard: what is typed, as characters that a terminal would send.
#pragma once

#include "rpc.h"

namespace mica {

struct Keyboard {
  static constexpr long id = 0x26;

  // What was typed, at least one character; waits for it. Keys without a character are VT100
  // sequences, Enter is CR, Backspace DEL, Alt puts ESC before a character. One reader at a time: a
  // second one gets Error::busy.
  using read = Operation<Keyboard, 0, Text<64>()>;

  using Operations = mica::Operations<read>;
};

}  // namespace mica
