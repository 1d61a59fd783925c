// SPDX-License-Identifier: MIT
// Making and deleting threads and spaces. Counted are all instructions of kernel and user
// between the begin of one round and the next.
//
//   inactive/create+delete     ThreadControl makes a thread without a pager, and
//                              another call deletes it
//   active/create+start+exit   a thread with pager and UTCB is made and started with
//                              the start message; its first and only act is to tell
//                              its maker that it is done, who then deletes it
//   space/create+delete        a thread in a new space; the space gets its KIP and
//                              UTCB areas, the thread its pager and UTCB; the thread
//                              is deleted, and the space with it
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "threads.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr long exit_label = 0x301;
alignas(16) constinit std::byte stack[1024] = {};
constinit ThreadId self, guinea_pig;

void* no_utcb() { return reinterpret_cast<void*>(~Word{0}); }

[[gnu::always_inline]] inline void control(ThreadId dest, ThreadId space, ThreadId scheduler, ThreadId pager,
                                           void* utcb) {
  if (L4_ThreadControl(dest, space, scheduler, pager, utcb) != 1) [[unlikely]] {
    runtime::panic("ThreadControl failed");
  }
}

[[gnu::always_inline]] inline void remove(ThreadId thread) {
  control(thread, ThreadId::nil(), ThreadId::nil(), ThreadId::nil(), no_utcb());
}

void inactive() {
  control(guinea_pig, self, self, ThreadId::nil(), no_utcb());
  remove(guinea_pig);
}

[[noreturn]] void say_that_i_am_done() {
  Words message(Tag::make(exit_label, 0));
  l4::call_words(self, message);
  __builtin_unreachable();  // by then it is deleted
}

void active() {
  control(guinea_pig, self, self, self, runtime::utcb_location(100));
  Words message(Tag::make(0, 2), reinterpret_cast<Word>(say_that_i_am_done),
                reinterpret_cast<Word>(stack) + sizeof(stack) - 8);
  if (l4::call_words(guinea_pig, message).raw != Tag::make(exit_label, 0).raw) [[unlikely]] {
    runtime::panic("the thread did not run");
  }
  remove(guinea_pig);
}

void space() {
  Word old_control = 0;
  control(guinea_pig, guinea_pig, self, ThreadId::nil(), no_utcb());
  if (L4_SpaceControl(guinea_pig, 0, l4::Fpage::page(runtime::kip_address),
                      l4::Fpage::memory(runtime::utcb_address, runtime::utcb_area_order), L4_anythread,
                      &old_control) != 1) [[unlikely]] {
    runtime::panic("SpaceControl failed");
  }
  control(guinea_pig, guinea_pig, self, self, runtime::utcb_location(0));
  remove(guinea_pig);
}

}  // namespace

void measure_lifecycle() {
  self = ThreadId::self();
  guinea_pig = runtime::new_thread_id();
  measure_rounds<1>({"thread", "inactive/create+delete", 311, 311}, repeat(inactive));
  measure_rounds<2>({"thread", "active/create+start+exit", 1200, 1658}, repeat(active));
  measure_rounds<3>({"space", "create+delete", 8000, 67395}, repeat(space));
}

}  // namespace bench
