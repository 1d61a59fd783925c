// SPDX-License-Identifier: MIT
#include "crowd.h"

#include <runtime/program.h>

#include "world.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::ThreadId;
using l4::Word;

// One area for more UTCBs than runtime::create_task gives a space.
constexpr Word utcb_area = 0x4000'0000;
constexpr unsigned utcb_area_order = 24, stack_bytes = 256;
static_assert(Crowd::most * runtime::utcb_bytes <= Word{1} << utcb_area_order);

alignas(16) constinit std::byte stacks[Crowd::most][stack_bytes] = {};

void control(ThreadId thread, ThreadId space, ThreadId pager, Word utcb) {
  if (L4_ThreadControl(thread, space, ThreadId::self(), pager, reinterpret_cast<void*>(utcb)) != 1) {
    runtime::panic("a thread of the crowd was refused");
  }
}

}  // namespace

void Crowd::make(unsigned size) {
  if (size > most) runtime::panic("too large a crowd");
  first_ = runtime::new_thread_id();
  control(first_, first_, ThreadId::nil(), ~Word{0});
  Word old_control = 0;
  if (L4_SpaceControl(first_, 0, Fpage::page(runtime::kip_address), Fpage::memory(utcb_area, utcb_area_order),
                      L4_anythread, &old_control) != 1) {
    runtime::panic("no areas for the crowd");
  }
  control(first_, first_, pager_thread_id(), utcb_area);
  for (size_ = 1; size_ < size; ++size_) {
    const ThreadId next = runtime::new_thread_id();
    if (next != (*this)[size_]) runtime::panic("thread numbers with gaps");
    control(next, first_, pager_thread_id(), utcb_area + size_ * runtime::utcb_bytes);
  }
}

void Crowd::start(runtime::ThreadEntry entry, Word priority) {
  for (unsigned i = 0; i < size_; ++i) {
    L4_Set_Priority((*this)[i], priority);
    L4_Start_SpIp((*this)[i], runtime::stack_for(entry, i, stacks[i]), runtime::thread_entry_ip());
  }
}

void Crowd::end() {
  for (; size_ > 0; --size_) runtime::delete_thread((*this)[size_ - 1]);
}

}  // namespace bench
