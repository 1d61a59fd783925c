// SPDX-License-Identifier: MIT
// Where a person types and reads: the serial line, or screen and keyboard. Characters are
// raw: no echo, keys and the screen's control by the sequences of a VT100.
#pragma once

#include "connection.h"

namespace mica {

// What a terminal says of a text that it has shown: its characters, counted, and a sum in which
// their order counts. NULs are not shown and do not count, and CR LF is as good as LF.
struct Receipt {
  Word count = 0, sum = 0;
  constexpr bool operator==(const Receipt&) const = default;
};

// Makes a receipt, character by character. A terminal does it with what its device got, so that one with
// a fault, which shows something else or nothing, can hardly say what its client expects.
class Tally {
 public:
  constexpr void add(char c) {
    if (carriage_ && c != '\n') count('\r');
    carriage_ = c == '\r';
    if (!carriage_ && c != 0) count(c);
  }
  // Was the last one a CR?
  constexpr bool after_carriage() const { return carriage_; }
  constexpr Receipt receipt() const {
    Tally all = *this;
    all.add(0);
    return all.receipt_;
  }

 private:
  constexpr void count(char c) {
    ++receipt_.count;
    receipt_.sum = receipt_.sum * 31 + static_cast<unsigned char>(c);
  }

  Receipt receipt_;
  bool carriage_ = false;
};

constexpr Receipt receipt_for(std::string_view text) {
  Tally tally;
  for (const char c : text) tally.add(c);
  return tally.receipt();
}

struct Terminal {
  static constexpr long id = 0x21;

  struct Size {
    Word columns, rows;  // 0 when it is not known
  };

  // Shows all of the text, and answers when the device has it; until then the caller waits.
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
