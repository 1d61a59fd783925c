// SPDX-License-Identifier: MIT
// A root task that measures giving and taking memory.
//
//   map+unmap one 4 KiB page by IPC   a call that carries a map item to a thread in
//                                     another space, its empty answer, and the Unmap
//                                     that takes the page back; counted from the
//                                     begin of one round to the next
//   unmap-query                       an Unmap that takes no right: have others accessed
//                                     the page since the last time? Nobody else has it
//   unmap-query/own                   the same with flush: has anybody?
//   unmap of a page mapped into N     one Unmap that takes a page from N spaces,
//   spaces, per mapping               divided by N; filling in the mappings is not
//                                     counted
//
// and page faults (faults.cc).
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "faults.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Timeouts;
using l4::Word;
using l4::Words;

constexpr Word window = 0x5000'0000;  // where the receivers put the page
constexpr unsigned most_spaces = 1000, small_stack = 256;

alignas(4096) constinit char page[4096] = {};
alignas(16) constinit std::byte stacks[most_spaces][small_stack] = {};
constinit ThreadId receivers[most_spaces];
constinit unsigned spaces = 0;

Fpage given_page() { return Fpage::page(reinterpret_cast<Word>(page), l4::full_access); }

Words map_message() {
  const L4_MapItem_t item = L4_MapItem(given_page(), 0);
  return Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
}

[[gnu::always_inline]] inline void unmap_page() {
  Word mr[8] = {given_page().raw};
  l4_unmap_registers(0, mr);
}

// --- One page to one space and back ---------------------------------------------------

[[noreturn]] void receiver(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::page(window)));
  Words message;
  ThreadId from = l4::wait_words(message);
  for (;;) {
    message = Words(Tag::make(0, 0));
    from = l4::reply_and_wait_words(from, message);
    if (message.tag().failed()) [[unlikely]] from = l4::wait_words(message);
  }
}

Word map_and_unmap(ThreadId to, unsigned rounds) {
  const Word start = ticks();
  do {
    Words message = map_message();
    if (l4::call_words(to, message).raw != 0) [[unlikely]] runtime::panic("the page was not taken");
    unmap_page();
  } while (--rounds != 0);
  return ticks() - start;
}

// --- Asking about one page ---------------------------------------------------------------

constexpr Word flush = 0x40;

template <Word control>
Word query(unsigned rounds) {
  const Word start = ticks();
  do {
    Word mr[8] = {given_page().with(l4::no_access).raw};
    l4_unmap_registers(control, mr);
  } while (--rounds != 0);
  return ticks() - start;
}

void check_query() {
  const auto ask = [] { return l4_unmap_one(flush, given_page().with(l4::no_access)); };
  static_cast<volatile char&>(page[0]) = 1;
  if (!L4_WasWritten(ask()) || L4_WasReferenced(ask())) runtime::panic("a wrong answer to a query");
}

// --- One page to many spaces -----------------------------------------------------------

[[noreturn]] void asking_receiver(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::page(window)));
  for (;;) {
    Words message(Tag::make(0, 0));
    if (l4::call_words(main_thread(), message).failed()) runtime::panic("no page");
  }
}

// False: kernel memory is not enough for so many spaces.
bool start_receivers(unsigned up_to) {
  for (; spaces < up_to; ++spaces) {
    const auto id = try_start_in_space(asking_receiver, 0, stacks[spaces]);
    if (!id) return false;
    receivers[spaces] = *id;
  }
  return true;
}

template <unsigned mark>
Word unmap_from_all() {
  for (unsigned i = 0; i < spaces; ++i) {
    Words message;
    l4::ipc_words(ThreadId::nil(), receivers[i], Timeouts::never(), message);
    if (message.tag().failed()) runtime::panic("a receiver has failed");
    message = map_message();
    l4::ipc_words(receivers[i], ThreadId::nil(), Timeouts::reply(), message);
    if (message.tag().failed()) runtime::panic("a receiver did not take the page");
  }
  mark_open<mark>();
  const Word start = ticks();
  unmap_page();
  const Word end = ticks();
  mark_close<mark>();
  return end - start;
}

}  // namespace

}  // namespace bench

int main() {
  using namespace bench;
  page[0] = 1;
  start_pager(fault_regions());
  const ThreadId other = start_in_space(receiver);
  measure_rounds<1>({"map", "map+unmap/4k", 1000, 2367},
                    [other](unsigned rounds) { return map_and_unmap(other, rounds); });
  measure_faults();
  check_query();
  measure_rounds<5>({"map", "unmap-query", 250, 656}, query<0>);
  measure_rounds<6>({"map", "unmap-query/own", 0, 0}, query<flush>);
  if (!start_receivers(1)) runtime::panic("no space");
  measure_once({"map", "unmap/1-space"}, 2, unmap_from_all<2>, 1);
  if (!start_receivers(100)) runtime::panic("no 100 spaces");
  measure_once({"map", "unmap/100-spaces/per-mapping", 0, 288}, 3, unmap_from_all<3>, 100);
  if (start_receivers(most_spaces)) {
    measure_once({"map", "unmap/1000-spaces/per-mapping", 90, 288}, 4, unmap_from_all<4>, most_spaces, 5);
  } else {
    runtime::print("kernel memory is enough for {} spaces only; 1000 take a machine with 1 GiB\n", spaces);
  }
  print_report();
  return 0;
}
