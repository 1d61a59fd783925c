// SPDX-License-Identifier: MIT
// Where a person types and reads: the serial line, or screen and keyboard. Characters are
// raw: no echo, keys and the screen's control by the sequences of a VT100.
#pragma once

#include "rpc.h"

namespace mica {

struct Terminal {
  static constexpr long id = 0x21;

  struct Size {
    Word columns, rows;  // 0 when it is not known
  };

  // Shows all of the text; waits while the device has not taken what came before.
  using write = Operation<Terminal, 0, void(Text<400>)>;
  // What was typed, at least one character; waits for it. One reader at a time: a second
  // one gets Error::busy.
  using read = Operation<Terminal, 1, Text<64>()>;
  using size = Operation<Terminal, 2, Size()>;

  using Operations = mica::Operations<write, read, size>;
};

}  // namespace mica
