// SPDX-License-Identifier: MIT
// Messages that move much: a map item for 16 MiB, which is 4096 pages of 4 KiB, and a
// string of 4 MiB between pages of 4 KiB that are all there.
#include "scenarios.h"

#include "../lib/helper.h"
#include "probe.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

constexpr unsigned region_order = 24, string_order = 22, rounds = 24;

}  // namespace

void measure_transfers() {
  const Word region = allocate_small_pages(Word{1} << (region_order - 12));
  const Fpage all = Fpage::memory(region, region_order, l4::full_access);
  Helper helper = Helper::start(helper_priority);
  measure_latency<2>(
      "map/16-MiB", rounds, [&](unsigned) { L4_UnmapFpage(all); },
      [&](unsigned) { helper.give(all, helper_window); });
  measure_latency<3>(
      "unmap/16-MiB", rounds, [&](unsigned) { helper.give(all, helper_window); },
      [&](unsigned) { L4_UnmapFpage(all); });
  helper.give(Fpage::memory(region, string_order, l4::full_access), string_target);
  const Word source = region + (Word{1} << string_order);
  measure_latency<4>(
      "string/4-MiB", rounds, [](unsigned) {}, [&](unsigned) { helper.give_string(source, longest_string); });
  helper.end();
}

}  // namespace bench
