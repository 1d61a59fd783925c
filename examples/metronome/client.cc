// SPDX-License-Identifier: MIT
// Waits for some beats and looks at the clock.
#include <mica/connection.h>
#include <runtime/program.h>

#include "metronome.h"

int main() {
  mica::Connection<Metronome> metronome("metronome");
  const auto rate = metronome.call<Metronome::rate>();
  if (!rate) runtime::panic(mica::text(rate.error()));
  runtime::print("client: {} beats a second\n", *rate);

  const mica::Result<mica::Word> first = metronome.call<Metronome::wait>(mica::Word{1});
  const mica::Word start = L4_SystemClock().raw;
  const mica::Result<mica::Word> last = metronome.call<Metronome::wait>(mica::Word{20});
  const mica::Word milliseconds = (L4_SystemClock().raw - start) / 1000;
  if (!first || !last) runtime::panic("the metronome does not beat");
  runtime::print("client: {} beats took {} ms\n", *last - *first, milliseconds);
  return 0;
}
