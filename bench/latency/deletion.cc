// SPDX-License-Identifier: MIT
// A space with a million mappings is deleted: 1024 pages in 1024 places each. It is the
// call of the thread that deletes the space's last thread.
#include "scenarios.h"

#include "../lib/helper.h"
#include "probe.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

constexpr unsigned region_order = 22, places = 1024, rounds = 2;

}  // namespace

void measure_deletion() {
  const Word region = allocate_small_pages(Word{1} << (region_order - 12));
  const Fpage all = Fpage::memory(region, region_order, l4::full_access);
  Helper victim = Helper::start(helper_priority);
  measure_latency<15>(
      "delete/space-1M-mappings", rounds,
      [&](unsigned round) {
        if (round != 0) victim = Helper::start(helper_priority);
        for (Word i = 0; i < places; ++i) victim.give(all, helper_window + (i << region_order));
      },
      [&](unsigned) { victim.end(); });
}

}  // namespace bench
