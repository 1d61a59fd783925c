// SPDX-License-Identifier: MIT
// Programs of another system: a personality starts them, each as a task of its own whose system
// calls, page faults and exceptions come to it (docs/manual/personality.md).
#pragma once

#include "root.h"

namespace mica {

struct Personality {
  static constexpr long id = 0x2b;

  // Starts a file of the boot archive; the arguments are words with blanks between them. The
  // program ends with the task that has started it. Errors: not_found (no such file),
  // no_program (said on the personality's console), no_memory, no_room.
  using start = Operation<Personality, 0, TaskId(Text<64> program, Text<256> arguments)>;
  // Waits for its end: 0 .. 255 what it ended with; 256 + n if signal n would have ended it. Once
  // for each start. not_found: the caller has started no such program.
  using wait = Operation<Personality, 1, Word(TaskId)>;
  // Ends it, as signal 9 does.
  using end = Operation<Personality, 2, void(TaskId)>;

  using Operations = mica::Operations<start, wait, end>;
};

}  // namespace mica
