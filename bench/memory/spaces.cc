// SPDX-License-Identifier: MIT
// A page that is mapped into N spaces: one Unmap that takes it from all of them, divided
// by N. Filling in the mappings is not counted.
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "memory.h"
#include "page.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Timeouts;
using l4::Word;
using l4::Words;

constexpr unsigned most_spaces = 1000, small_stack = 256;

alignas(16) constinit std::byte stacks[most_spaces][small_stack] = {};
constinit ThreadId receivers[most_spaces];
constinit unsigned spaces = 0;

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

void measure_spaces() {
  if (!start_receivers(1)) runtime::panic("no space");
  measure_once({"map", "unmap/1-space"}, 2, unmap_from_all<2>, 1);
  if (!start_receivers(100)) runtime::panic("no 100 spaces");
  measure_once({"map", "unmap/100-spaces/per-mapping", 0, 288}, 3, unmap_from_all<3>, 100);
  if (start_receivers(most_spaces)) {
    measure_once({"map", "unmap/1000-spaces/per-mapping", 90, 288}, 4, unmap_from_all<4>, most_spaces, 5);
  } else {
    runtime::print("kernel memory is enough for {} spaces only; 1000 take a machine with 1 GiB\n", spaces);
  }
}

}  // namespace bench
