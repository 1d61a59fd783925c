// SPDX-License-Identifier: MIT
// The mapping database.
//
//   depth/N          a page is mapped from one space to another, from there back, and so on:
//                    N mappings, each made of the one before by two calls; and one Unmap
//                    that takes all of them
//   depth-revoke/N   that Unmap alone, divided by N
//   width/N          a page is mapped to N places of another space; one Unmap that takes all
//                    of them, divided by N
#include <runtime/program.h>

#include "../lib/helper.h"
#include "../lib/measure.h"
#include "memory.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

constinit Word page = 0;

void take_away() {
  Word mr[8] = {Fpage::page(page, l4::full_access).raw};
  l4_unmap_registers(0, mr);
}

template <unsigned mark>
Word revoke() {
  mark_open<mark>();
  const Word start = ticks();
  take_away();
  const Word taken = ticks() - start;
  mark_close<mark>();
  return taken;
}

void make_chain(const Helper (&two)[2], Word depth) {
  two[0].give(Fpage::page(page, l4::full_access), helper_window);
  for (Word link = 1; link < depth; ++link) {
    const Word at = helper_window + link * page_size;
    two[(link - 1) % 2].pass_on(Fpage::page(at - page_size, l4::full_access), two[link % 2], at);
  }
}

void check_that_it_is_gone(Helper helper, Word address) {
  if (helper.has(address)) runtime::panic("a mapping is left");
  helper.end();
}

template <unsigned mark, Word depth>
void chain(const char* name, const char* revoke_name) {
  const Helper two[] = {Helper::start(100), Helper::start(100)};
  measure_once({"map", name}, 0, [&two] {
    const Word start = ticks();
    make_chain(two, depth);
    take_away();
    return ticks() - start;
  });
  measure_once(
      {"map", revoke_name}, mark,
      [&two] {
        make_chain(two, depth);
        return revoke<mark>();
      },
      depth);
  check_that_it_is_gone(two[(depth - 1) % 2], helper_window + (depth - 1) * page_size);
  if (depth > 1) {
    check_that_it_is_gone(two[depth % 2], helper_window + (depth - 2) * page_size);
  } else {
    Helper(two[1]).end();
  }
}

template <unsigned mark, Word width>
void fan(const char* name) {
  const Helper helper = Helper::start(100);
  constexpr unsigned times = width > 1000 ? 3 : batches;
  measure_once(
      {"map", name}, mark,
      [&helper] {
        helper.give_often(page, width, helper_window);
        return revoke<mark>();
      },
      width, times);
  check_that_it_is_gone(helper, helper_window + (width - 1) * page_size);
}

}  // namespace

void measure_database() {
  page = allocate_small_pages(1);
  chain<51, 1>("depth/1", "depth-revoke/1");
  chain<52, 2>("depth/2", "depth-revoke/2");
  chain<53, 4>("depth/4", "depth-revoke/4");
  chain<54, 8>("depth/8", "depth-revoke/8");
  chain<55, 16>("depth/16", "depth-revoke/16");
  fan<61, 1>("width/1");
  fan<62, 10>("width/10");
  fan<63, 100>("width/100");
  fan<64, 1000>("width/1000");
  fan<65, 10'000>("width/10000");
  fan<66, 100'000>("width/100000");
}

}  // namespace bench
