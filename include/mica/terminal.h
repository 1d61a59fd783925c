// SPDX-License-Identifier: MIT
// Where a person types and reads: the serial line, or screen and keyboard. Characters are
// raw: no echo, keys and the screen's control by the sequences of a VT100.
#pragma once

#include "connection.h"

namespace mica {

// What a terminal says of a text that it has shown: its characters, counted, and a sum in which
// their order counts. The terminal makes it where it hands the characters over, one by one, so that
// one with a fault, which shows something else or nothing, can hardly say what its client expects.
struct Receipt {
  Word count = 0, sum = 0;
  constexpr void add(char c) {
    ++count;
    sum = sum * 31 + static_cast<unsigned char>(c);
  }
  constexpr bool operator==(const Receipt&) const = default;
};

constexpr Receipt receipt_for(std::string_view text) {
  Receipt receipt;
  for (const char c : text) receipt.add(c);
  return receipt;
}

struct Terminal {
  static constexpr long id = 0x21;

  struct Size {
    Word columns, rows;  // 0 when it is not known
  };

  // Shows all of the text, NULs excepted, and answers when the device has it; until then the caller
  // waits. The receipt counts the NULs.
  using write = Operation<Terminal, 0, Receipt(Text<400>)>;
  // What was typed, at least one character; waits for it. One reader at a time: a second
  // one gets Error::busy.
  using read = Operation<Terminal, 1, Text<64>()>;
  using size = Operation<Terminal, 2, Size()>;

  using Operations = mica::Operations<write, read, size>;
};

// Writes a text of any length, in pieces, to a terminal that may be restarted meanwhile. bad_reply: a
// receipt is another one, and what was shown is not known.
inline Result<void> write_all(Connection<Terminal>& terminal, std::string_view text) {
  while (!text.empty()) {
    const Text<400> piece(text);
    const auto receipt = terminal.call_again<Terminal::write>(piece);
    if (!receipt) return receipt.error();
    if (*receipt != receipt_for(piece)) return terminal.note(Result<void>(Error::bad_reply));
    text.remove_prefix(piece.size());
  }
  return {};
}

}  // namespace mica
