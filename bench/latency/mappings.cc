// SPDX-License-Identifier: MIT
// One page with 100,000 mappings:
//
//   wide     all derived from the page itself, in one other space
//   bushy    1024 derived from the page, and from each of these 98 in a third space
//   deep     256 chains of 390, to and fro between two spaces
#include "scenarios.h"

#include <runtime/program.h>

#include "../lib/helper.h"
#include "probe.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

constexpr Word mappings = 100'000;
constexpr unsigned rounds = 6;

void change(Word page, l4::Rights rights) { L4_UnmapFpage(Fpage::page(page, rights)); }

void wide(Word page) {
  const Helper helper = Helper::start(helper_priority);
  const auto fill = [&](unsigned) { helper.give_often(page, mappings, helper_window); };
  fill(0);
  measure_latency<9>(
      "query/100000-mappings", rounds, [](unsigned) {}, [&](unsigned) { change(page, l4::no_access); });
  measure_latency<10>("reduce/100000-mappings", rounds, fill, [&](unsigned) { change(page, l4::write); });
  measure_latency<11>("revoke/100000-wide", rounds, fill, [&](unsigned) { change(page, l4::full_access); });
  Helper(helper).end();
}

void bushy(Word page) {
  constexpr Word first = 1024, further = 98;
  constexpr unsigned order = 22;  // of the first ones
  const Helper one = Helper::start(helper_priority), other = Helper::start(helper_priority);
  measure_latency<12>(
      "revoke/100000-bushy", rounds,
      [&](unsigned) {
        one.give_often(page, first, helper_window);
        const Fpage all = Fpage::memory(helper_window, order, l4::full_access);
        for (Word i = 0; i < further; ++i) one.pass_on(all, other, helper_window + (i << order));
      },
      [&](unsigned) { change(page, l4::full_access); });
  Helper(one).end();
  Helper(other).end();
}

void deep(Word page) {
  constexpr Word chains = 256, links = 390;
  constexpr unsigned order = 20;  // of one link of all chains
  const Helper two[] = {Helper::start(helper_priority), Helper::start(helper_priority)};
  measure_latency<13>(
      "revoke/100000-deep", rounds,
      [&](unsigned) {
        two[0].give_often(page, chains, helper_window);
        for (Word link = 1; link < links; ++link) {
          const Word from = helper_window + ((link - 1) << order), to = helper_window + (link << order);
          two[(link - 1) % 2].pass_on(Fpage::memory(from, order, l4::full_access), two[link % 2], to);
        }
      },
      [&](unsigned) { change(page, l4::full_access); });
  for (Helper helper : two) helper.end();
}

// What is derived from the page follows it into the other space.
void grant() {
  constexpr Word derived = 50'000;
  const Helper holder = Helper::start(helper_priority), heir = Helper::start(helper_priority);
  const Word pages = allocate_small_pages(rounds);
  measure_latency<14>(
      "grant/50000-derived", rounds,
      [&](unsigned round) {
        holder.give_often(pages + round * page_size, derived, helper_window + round * derived * page_size);
      },
      [&](unsigned round) {
        heir.give(Fpage::page(pages + round * page_size, l4::full_access), helper_window + round * page_size,
                  true);
      });
  Helper(holder).end();
  Helper(heir).end();
}

}  // namespace

void measure_mappings() {
  const Word page = allocate_small_pages(1);
  wide(page);
  bushy(page);
  deep(page);
  grant();
}

}  // namespace bench
