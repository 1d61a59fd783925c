// SPDX-License-Identifier: MIT
// The interface of a server whose operations take their time.
#pragma once

#include <mica/rpc.h>

struct Waiting {
  static constexpr long id = 0x200;
  using Word = mica::Word;

  // At once: the number of handlers that have not answered yet.
  using waiting = mica::Operation<Waiting, 0, Word()>;
  // When so many microseconds have passed.
  using after = mica::Operation<Waiting, 1, void(Word microseconds)>;
  // When somebody has rung; how often that was. Errors: busy (nobody has, for so long).
  using hear = mica::Operation<Waiting, 2, Word(Word patience)>;
  using ring = mica::Operation<Waiting, 3, void()>;
  // When another server of this kind (argument other=) has answered `after`. Errors: device
  // (there is none).
  using pass_on = mica::Operation<Waiting, 4, void(Word microseconds)>;
  // Calls itself so many times, as programs do that have no bound.
  using deep = mica::Operation<Waiting, 5, Word(Word calls)>;

  using Operations = mica::Operations<waiting, after, hear, ring, pass_on, deep>;
};
