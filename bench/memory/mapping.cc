// SPDX-License-Identifier: MIT
// One page.
//
//   map+unmap/4k      a call that carries a map item to a thread in another space, its empty
//                     answer, and the Unmap that takes the page back; counted from the begin
//                     of one round to the next
//   unmap-query       an Unmap that takes no right: have others accessed the page since the
//                     last time? Nobody else has it
//   unmap-query/own   the same with flush: has anybody?
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "memory.h"
#include "page.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word flush = 0x40;

[[noreturn]] void receiver(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::page(window)));
  Words message;
  ThreadId from = l4::wait_words(message);
  for (;;) {
    message = Words(Tag::make(0, 0));
    from = l4::reply_and_wait_words(from, message);
    if (message.tag().failed()) [[unlikely]]
      from = l4::wait_words(message);
  }
}

Word map_and_unmap(ThreadId to, unsigned rounds) {
  const Word start = ticks();
  do {
    Words message = map_message();
    if (l4::call_words(to, message).raw != 0) [[unlikely]]
      runtime::panic("the page was not taken");
    unmap_page();
  } while (--rounds != 0);
  return ticks() - start;
}

template <Word control>
auto query() {
  return repeat([] {
    Word mr[8] = {given_page().with(l4::no_access).raw};
    l4_unmap_registers(control, mr);
  });
}

void check_query() {
  const auto ask = [] { return l4_unmap_one(flush, given_page().with(l4::no_access)); };
  static_cast<volatile char&>(page[0]) = 1;
  if (!L4_WasWritten(ask()) || L4_WasReferenced(ask())) runtime::panic("a wrong answer to a query");
}

}  // namespace

void measure_mapping() {
  page[0] = 1;
  const ThreadId other = start_in_space(receiver);
  measure_rounds<1>({"map", "map+unmap/4k", 1000, 2367},
                    [other](unsigned rounds) { return map_and_unmap(other, rounds); });
  check_query();
  measure_rounds<5>({"map", "unmap-query", 250, 656}, query<0>());
  measure_rounds<6>({"map", "unmap-query/own", 0, 0}, query<flush>());
}

}  // namespace bench
