// SPDX-License-Identifier: MIT
// What a handler does to let others know: a message without words, with timeout zero, to a
// thread in another space.
//
//   notify/lower     it waits, and is less urgent than the sender: the call
//   notify/higher    it waits, and is more urgent: from the call to its first instruction
//   notify/refused   it does not wait: the call, which fails
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "interrupt.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Timeouts;
using l4::Word;
using l4::Words;

constexpr Word low_priority = 50, middle_priority = 100, high_priority = 200;
constexpr unsigned higher_mark = 5;
constexpr long notice = 0x330, are_you_there = 0x331;

constinit volatile Word noticed = 0, noticed_at = 0;

[[noreturn]] void listener(Word) {
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    noticed_at = ticks();
    mark_close<higher_mark>();
    if (m.tag() == Tag::make(notice, 0)) {
      noticed = noticed + 1;
      from = l4::wait_words(m);
    } else {
      m = Words(Tag::make(0, 0));
      from = l4::reply_and_wait_words(from, m);
    }
  }
}

Tag notify(ThreadId to) {
  Words m(Tag::make(notice, 0));
  return l4::send_words(to, m, Timeouts::reply());
}

// Once it has answered it waits again.
void let_it_run(ThreadId to) {
  Words m(Tag::make(are_you_there, 0));
  if (l4::call_words(to, m).failed()) runtime::panic("the listener does not answer");
}

template <unsigned mark>
Word notify_lower(ThreadId to) {
  const Word before = noticed;
  mark_open<mark>();
  const Word start = ticks();
  const Tag tag = notify(to);
  const Word taken = ticks() - start;
  mark_close<mark>();
  if (tag.failed() || noticed != before) runtime::panic("the listener did not wait");
  let_it_run(to);
  if (noticed != before + 1) runtime::panic("the listener heard nothing");
  return taken;
}

Word notify_higher(ThreadId to) {
  const Word before = noticed;
  mark_open<higher_mark>();
  const Word start = ticks();
  const Tag tag = notify(to);
  if (tag.failed() || noticed != before + 1) runtime::panic("the listener heard nothing");
  return noticed_at - start;
}

}  // namespace

void measure_notification() {
  const ThreadId self = ThreadId::self(), other = start_in_space(listener);
  L4_Set_Priority(self, middle_priority);
  L4_Set_Priority(other, low_priority);
  let_it_run(other);
  measure_once({"interrupt", "notify/lower"}, 4, [other] { return notify_lower<4>(other); });
  if (notify(other).failed()) runtime::panic("the listener did not wait");
  measure_rounds<6>({"interrupt", "notify/refused"}, repeat([other] {
                      if (notify(other).ok()) [[unlikely]]
                        runtime::panic("the listener waits");
                    }));
  L4_Set_Priority(other, high_priority);
  let_it_run(other);
  measure_once({"interrupt", "notify/higher"}, higher_mark, [other] { return notify_higher(other); });
  runtime::delete_thread(other);
}

}  // namespace bench
