// SPDX-License-Identifier: MIT
#include "thread_table.h"

#include "assertion.h"

namespace mica {

namespace thread_table {
constinit Pages table{};
constinit Pool pool;
}  // namespace thread_table

using thread_table::pool;
using thread_table::table;
using thread_table::threads_a_page;

namespace {

[[gnu::cold, gnu::noinline]] void drop_page(u64 page) {
  const Phys frame = unmap_tcb_page(page);
  pool.give_frame(phys_to_virt(frame));
}

[[gnu::cold, gnu::noinline]] bool back_page(u64 page) {
  void* const frame = pool.take_frame();
  if (!frame) return false;
  fill_words(frame, 0, page_size / sizeof(u64));
  if (!map_tcb_page(page, virt_to_phys(frame))) {
    pool.give_frame(frame);
    return false;
  }
  if (page >= table.end) table.end = page + 1;
  return true;
}

}  // namespace

Thread* make_tcb(u64 number) {
  MICA_ASSERT(number < max_threads && !tcb_array()[number].exists());
  const u64 page = number / threads_a_page;
  if (page == table.spare && page != 0)
    table.spare = 0;
  else if (table.live[page] == 0 && !back_page(page))
    return nullptr;
  ++table.live[page];
  return tcb_array() + number;
}

void free_tcb(Thread& t) {
  const u64 page = number_of(t) / threads_a_page;
  MICA_ASSERT(table.live[page] != 0);
  // One that never ran has nothing but what create_thread() sets.
  if (t.state != State::inactive) fill_words(&t, 0, sizeof(Thread) / sizeof(u64));
  t.id = ThreadId::nil();
  t.state = State::absent;
  if (--table.live[page] != 0) return;
  // The page emptied last stays: a thread that comes and goes does not pay for it.
  if (table.spare != 0) drop_page(table.spare);
  table.spare = page;
}

}  // namespace mica
