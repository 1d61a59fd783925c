// SPDX-License-Identifier: MIT
// The only exception that is not told to anybody.
//
//   fpu/first-use   #NM: the first instruction of a thread that uses the FPU, for which the
//                   kernel gives it a state of its own; a new thread each time
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "exceptions.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr unsigned mark = 48;
constexpr Word value = 0x5eed;

alignas(16) constinit std::byte stack[1024] = {};
constinit volatile Word taken = 0, kept = 0;

[[noreturn]] void user(Word) {
  Word back;
  mark_open<mark>();
  const Word start = ticks();
  asm volatile("movq %0, %%xmm7" : : "r"(value));
  const Word end = ticks();
  mark_close<mark>();
  asm volatile("movq %%xmm7, %0" : "=r"(back));
  taken = end - start;
  kept = back;
  Words message(Tag::make(0, 0));
  l4::call_words(main_thread(), message);
  __builtin_unreachable();  // by then it is deleted
}

Word use_once(ThreadId id) {
  const ThreadId self = ThreadId::self();
  kept = 0;
  if (L4_ThreadControl(id, self, self, self, runtime::utcb_location(100)) != 1) runtime::panic("no thread");
  if (!runtime::start_task(id, runtime::thread_entry_ip(), runtime::stack_for(user, 0, stack))) {
    runtime::panic("the thread does not wait for its start");
  }
  Words message;
  l4::ipc_words(ThreadId::nil(), id, l4::Timeouts::never(), message);
  if (message.tag().failed() || kept != value) runtime::panic("an SSE register was lost");
  runtime::delete_thread(id);
  return taken;
}

}  // namespace

void measure_first_use() {
  const ThreadId id = runtime::new_thread_id();
  measure_once({"fault", "fpu/first-use"}, mark, [id] { return use_once(id); });
}

}  // namespace bench
