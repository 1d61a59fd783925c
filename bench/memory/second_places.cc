// SPDX-License-Identifier: MIT
// A page that is to be at two places (map2 of Appel and Li).
//
//   map2/intra         another thread of the space gives it a second place there: a call,
//                      and its answer with a map item; each time another page
//   map2+unmap/inter   it is mapped into two other spaces, and taken from both
#include <runtime/program.h>

#include "../lib/helper.h"
#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "memory.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr unsigned all_order = 19;
constexpr Word second = Word{1} << 44;
static_assert((page_size * 2 * batch_rounds) == Word{1} << all_order);

volatile Word& word_at(Word address) { return *reinterpret_cast<volatile Word*>(address); }

// Maps the page that it is told of to the place that it is told of.
[[noreturn]] void giver(Word) {
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    const L4_MapItem_t item = L4_MapItem(Fpage::page(m[1], l4::full_access), m[2]);
    m = Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
    from = l4::reply_and_wait_words(from, m);
  }
}

void measure_intra(Word pages) {
  const ThreadId other = start_here(giver);
  L4_Accept(L4_MapGrantItems(Fpage::complete()));
  measure_rounds<7>({"map", "map2/intra"}, [=](unsigned rounds) {
    L4_UnmapFpage(Fpage::memory(pages, all_order, l4::full_access));
    const Word bytes = rounds * page_size, start = ticks();
    Word at = 0;
    do {
      Words m(Tag::make(0, 2), pages + at, second + at);
      if (l4::call_words(other, m).raw != Tag::make(0, 0, 2).raw) [[unlikely]] {
        runtime::panic("no second place");
      }
      at += page_size;
    } while (at != bytes);
    const Word taken = ticks() - start;
    for (at = 0; at != bytes; at += page_size) {
      word_at(pages + at) = at + rounds;
      if (word_at(second + at) != at + rounds) runtime::panic("another page is at the second place");
    }
    return taken;
  });
  L4_UnmapFpage(Fpage::memory(pages, all_order, l4::full_access));
}

void measure_inter(Word page) {
  const Fpage given = Fpage::page(page, l4::full_access);
  Helper one = Helper::start(100), two = Helper::start(100);
  word_at(page) = 4711;
  measure_rounds<8>({"map", "map2+unmap/inter"}, repeat([=] {
                      one.give(given, helper_window);
                      two.give(given, helper_window);
                      Word mr[8] = {given.raw};
                      l4_unmap_registers(0, mr);
                    }));
  const Helper::Act read = [](Word at) { return Word{word_at(at)}; };
  one.give(given, helper_window);
  two.give(given, helper_window);
  if (one.run(read, helper_window) != 4711 || two.run(read, helper_window) != 4711) {
    runtime::panic("the page is not in both spaces");
  }
  L4_UnmapFpage(given);
  if (one.has(helper_window) || two.has(helper_window)) runtime::panic("the page was not taken from both");
  one.end();
  two.end();
}

}  // namespace

void measure_second_places() {
  const Word pages = allocate_small_pages(2 * batch_rounds);
  measure_intra(pages);
  measure_inter(pages);
}

}  // namespace bench
