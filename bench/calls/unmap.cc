// SPDX-License-Identifier: MIT
// One Unmap that takes N pages away, in one flexpage.
//
//   unmap/N   from another space, to which each of them is mapped once
//   flush/N   from the caller itself, who has mapped them to nobody
//
// Counted: the call; filling the mappings in is not.
#include <runtime/program.h>
#include <l4/l4.hpp>

#include "../lib/helper.h"
#include "../lib/measure.h"
#include "calls.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

constexpr unsigned most_pages_order = 10;
constexpr Word flush_bit = 0x40;

template <unsigned mark, Word control>
Word unmap(Word fpage) {
  Word mr[8] = {fpage};
  mark_open<mark>();
  const Word start = ticks();
  l4_unmap_registers(control, mr);
  const Word taken = ticks() - start;
  mark_close<mark>();
  return taken;
}

void check_that_it_is_gone(Helper& helper, unsigned order) {
  const Word last = helper_window + (page_size << order) - 1;
  if (helper.has(helper_window) || (helper.end(), helper = Helper::start(100), helper.has(last))) {
    runtime::panic("a page was not taken away");
  }
  helper.end();
}

template <unsigned order>
void series(const char* unmap_name, const char* flush_name, Word pages) {
  constexpr unsigned bytes_order = order + 12, unmap_mark = 50 + order, flush_mark = 70 + order;
  const Fpage here = Fpage::memory(pages, bytes_order, l4::full_access);
  const Fpage there = Fpage::memory(helper_window, bytes_order, l4::full_access);
  Helper helper = Helper::start(100);
  measure_once({"syscall", unmap_name}, unmap_mark, [&] {
    helper.give(here, helper_window);
    return unmap<unmap_mark, 0>(here.raw);
  });
  measure_once({"syscall", flush_name}, flush_mark, [&] {
    helper.give(here, helper_window);
    return helper.run(unmap<flush_mark, flush_bit>, there.raw);
  });
  check_that_it_is_gone(helper, order);
}

}  // namespace

void measure_unmap() {
  const Word pages = allocate_small_pages(Word{1} << most_pages_order);
  series<0>("unmap/1", "flush/1", pages);
  series<2>("unmap/4", "flush/4", pages);
  series<4>("unmap/16", "flush/16", pages);
  series<6>("unmap/64", "flush/64", pages);
  series<8>("unmap/256", "flush/256", pages);
  series<10>("unmap/1024", "flush/1024", pages);
}

}  // namespace bench
