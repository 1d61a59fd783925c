// SPDX-License-Identifier: MIT
// A page fault that a pager answers with a mapping, with the code of examples/pager.
// Counted: from one first touch of a page to the next, each time a new page of the
// same page table: the touch, the kernel's message in the faulter's name, the pager,
// its reply with the map item, and the touch again.
//
//   pager/inter   the pager is in another space than the faulting thread
//   pager/intra   it is in the same one, where it has the page at another place
#include "memory.h"

#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"

namespace bench {

namespace {

using l4::Word;

constexpr Word pages = 2 * batch_rounds, page_size = 0x1000;
constexpr Word seen = 0x5000'0000;  // in the client's space
constexpr long done = 0x300;

constinit pager::Region region = {};

Word touch_pages(unsigned rounds) {
  take_extra_regions_away();
  auto* at = reinterpret_cast<volatile char*>(seen);
  const Word start = ticks();
  do {
    *at = 1;
    at += page_size;
  } while (--rounds != 0);
  return ticks() - start;
}

template <unsigned mark>
[[noreturn]] void client(Word) {
  constexpr bool inter = mark == 41;
  L4_Set_Pager(pager_thread_id());
  measure_rounds<mark>(inter ? Row{"fault", "pager/inter", 500, 1565} : Row{"fault", "pager/intra"},
                       touch_pages);
  l4::Words message(l4::Tag::make(done, 0));
  l4::call_words(main_thread(), message);
  for (;;) L4_Sleep(L4_Never);
}

void wait_for(l4::ThreadId client) {
  l4::Words message;
  l4::ipc_words(l4::ThreadId::nil(), client, l4::Timeouts::never(), message);
  if (message.tag().failed()) runtime::panic("the faulting client failed");
}

}  // namespace

std::span<const pager::Region> fault_regions() {
  static_assert(pages * page_size == 1u << 19);
  const Word here = runtime::allocate_memory(19);
  if (here == 0) runtime::panic("sigma0 has no memory");
  region = {seen, pages * page_size, here, l4::full_access};
  return {&region, 1};
}

void measure_faults() {
  wait_for(start_in_space(client<41>));
  wait_for(start_here(client<42>));
}

}  // namespace bench
