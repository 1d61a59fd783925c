// SPDX-License-Identifier: MIT
#include "thread_table.h"

namespace mica {

namespace thread_table {
constinit Pages table;
constinit Pool pool;
}  // namespace thread_table

using thread_table::pool;
using thread_table::table;
using thread_table::threads_a_page;

namespace {

// The page emptied last stays: a thread that comes and goes does not pay for it.
u64 spare_page = ~u64{0};

void drop_page(u64 page) {
  const Phys frame = unmap_tcb_page(page);
  table.in_use[page / 64] &= ~(u64{1} << page % 64);
  pool.give_frame(phys_to_virt(frame));
}

bool back_page(u64 page) {
  void* const frame = pool.take_frame();
  if (!frame) return false;
  fill_words(frame, 0, page_size / sizeof(u64));
  if (!map_tcb_page(page, virt_to_phys(frame))) {
    pool.give_frame(frame);
    return false;
  }
  table.in_use[page / 64] |= u64{1} << page % 64;
  return true;
}

}  // namespace

Thread* make_tcb(u64 number) {
  const u64 page = number / threads_a_page;
  if (page == spare_page)
    spare_page = ~u64{0};
  else if (table.live[page] == 0 && !back_page(page))
    return nullptr;
  ++table.live[page];
  Thread& t = tcb_array()[number];
  fill_words(&t, 0, sizeof(Thread) / sizeof(u64));
  return &t;
}

void free_tcb(Thread& t) {
  const u64 page = number_of(t) / threads_a_page;
  t.id = ThreadId::nil();
  t.wait = 0;
  t.state = State::absent;
  if (--table.live[page] != 0) return;
  if (spare_page != ~u64{0}) drop_page(spare_page);
  spare_page = page;
}

}  // namespace mica
