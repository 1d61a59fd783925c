// SPDX-License-Identifier: MIT
// The interface of a metronome: it beats at a fixed rate.
#pragma once

#include <mica/rpc.h>

struct Metronome {
  static constexpr long id = 0x201;

  // Beats a second.
  using rate = mica::Operation<Metronome, 0, mica::Word()>;
  // Waits for so many beats, 1 .. 1000000; the result is the number of beats since the driver started.
  // Errors: bad_argument; busy (too many wait already).
  using wait = mica::Operation<Metronome, 1, mica::Word(mica::Word beats)>;

  using Operations = mica::Operations<rate, wait>;
};
