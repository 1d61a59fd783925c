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
  // As if the keyboard had sent this byte of scancode set 1: the controller gets it, and has the
  // driver take it as any other. For tests, and for keys that are somewhere else. Who may read
  // what is typed may type. Errors: bad_argument (no byte), device (the controller does not
  // take it, or its keyboard's bytes are of another set).
  using press = Operation<Keyboard, 1, void(Word code)>;

  using Operations = mica::Operations<read, press>;
};

}  // namespace mica
