// SPDX-License-Identifier: MIT
// One way: an empty message from one thread to another.
//
// Counted, unless a row says otherwise: from the sender's reading of the counter before
// its Ipc to the receiver's reading behind its own, less what two readings are apart. So
// the sender's arguments, its call, the kernel and the return of the receiver's stub are
// in the figure, and no loop and no check is.
//
//   call             the sender goes on to wait for the answer, the receiver waits for anybody
//   reply            the answer to that: the sender goes on to wait for anybody
//   send/higher      a send alone to a receiver of a higher priority, which runs at once
//   send/lower       a send alone to a receiver of a lower priority. The sender goes on,
//                    and the row ends when its Ipc does
//   send+switch      the same, after which the sender gives the receiver the CPU by
//   /lower           ThreadSwitch; the row ends at the receiver
//
// And, in rounds as in loops.h:
//
//   send-only/higher one after the other to a receiver of a higher priority, from one
//                    send to the next: the receiver's next Ipc is in the figure
//   send-only/lower  to one of a lower priority, which has not taken the message before
//                    when the next one is sent: each waits, and the receiver runs then
#include <runtime/program.h>

#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word lower = 100, higher = 200, middle = 150, first = 255;
constexpr Tag message_tag = Tag::make(label, 0);

constinit volatile Word arrived_at = 0, answered_at = 0, taken = 0;
constinit Word sent = 0;

// --- Call and reply -------------------------------------------------------------------

template <unsigned call_mark, unsigned reply_mark>
[[noreturn]] void answerer(Word) {
  Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    arrived_at = ticks();
    mark_close<call_mark>();
    if (m.tag() != message_tag) [[unlikely]]
      wrong_answer();
    mark_open<reply_mark>();
    answered_at = ticks();
    client = l4::reply_and_wait_words(client, m);
  }
}

struct OneWay {
  Word call, reply;
};

template <unsigned call_mark, unsigned reply_mark>
OneWay call_once(ThreadId to) {
  arrived_at = 0;
  answered_at = 0;
  mark_open<call_mark>();
  const Word start = ticks();
  Words m(message_tag);
  l4::call_words(to, m);
  const Word end = ticks();
  mark_close<reply_mark>();
  if (m.tag() != message_tag || arrived_at == 0 || answered_at < arrived_at) wrong_answer();
  return {arrived_at - start, end - answered_at};
}

template <unsigned call_mark, unsigned reply_mark>
void measure_call(const char* call, const char* reply, ThreadId to) {
  wait_until_receiving(to);
  measure_once({"ipc", call}, call_mark, [to] { return call_once<call_mark, reply_mark>(to).call; });
  measure_once({"ipc", reply}, reply_mark, [to] { return call_once<call_mark, reply_mark>(to).reply; });
}

// --- Send alone -----------------------------------------------------------------------

template <unsigned mark>
[[noreturn]] void taker(Word) {
  for (;;) {
    Words m;
    l4::wait_words(m);
    arrived_at = ticks();
    if (mark != 0) mark_close<mark>();
    if (m.tag() != message_tag) [[unlikely]]
      wrong_answer();
  }
}

enum class Then { nothing, switches };

// To a receiver that waits.
template <unsigned mark, bool ends_here, Then then>
Word send_once(ThreadId to) {
  wait_until_receiving(to);
  arrived_at = 0;
  mark_open<mark>();
  const Word start = ticks();
  Words m(message_tag);
  l4::send_words(to, m);
  const Word end = ticks();
  if (then == Then::switches) L4_ThreadSwitch(to);
  if (ends_here) mark_close<mark>();
  if (m.tag().failed()) wrong_answer();
  wait_until_receiving(to);
  if (arrived_at < start) wrong_answer();
  return (ends_here ? end : arrived_at) - start;
}

template <unsigned mark, bool ends_here = false, Then then = Then::nothing>
void measure_send(const char* name, ThreadId to, Word priority, Word best = 0) {
  L4_Set_Priority(to, priority);
  measure_once({"ipc", name, 0, best}, mark, [to] { return send_once<mark, ends_here, then>(to); });
}

[[noreturn]] void counting_taker(Word) {
  for (;;) {
    Words m;
    l4::wait_words(m);
    if (m.tag() != message_tag) [[unlikely]]
      wrong_answer();
    taken = taken + 1;
  }
}

void send_one(ThreadId to) {
  Words m(message_tag);
  if (l4::send_words(to, m).failed()) [[unlikely]]
    wrong_answer();
}

void expect_all_taken(ThreadId by) {
  wait_until_receiving(by);
  if (taken != sent) runtime::panic("messages were lost");
}

Word send_rounds(ThreadId to, unsigned rounds) {
  expect_all_taken(to);
  sent += rounds + 1;
  send_one(to);  // one of a lower priority does not wait any more
  const Word start = ticks();
  do {
    send_one(to);
  } while (--rounds != 0);
  return ticks() - start;
}

template <unsigned mark>
void measure_sends(const char* name, ThreadId to, Word priority) {
  L4_Set_Priority(to, priority);
  measure_rounds<mark>({"ipc", name}, [to](unsigned rounds) { return send_rounds(to, rounds); });
  expect_all_taken(to);
}

}  // namespace

void measure_one_way() {
  {
    Partners partners;
    measure_call<91, 92>("oneway/call/inter", "oneway/reply/inter", partners.in_space(answerer<91, 92>));
    measure_call<93, 94>("oneway/call/intra", "oneway/reply/intra", partners.here(answerer<93, 94>));
  }
  L4_Set_Priority(main_thread(), middle);
  Partners partners;
  measure_send<95>("oneway/send/higher/inter", partners.in_space(taker<95>), higher);
  measure_send<96>("oneway/send/higher/intra", partners.here(taker<96>), higher);
  measure_send<97, true>("oneway/send/lower/inter", partners.in_space(taker<0>), lower, 237);
  measure_send<98, true>("oneway/send/lower/intra", partners.here(taker<0>), lower);
  measure_send<99, false, Then::switches>("oneway/send+switch/lower/inter", partners.in_space(taker<99>),
                                          lower);
  const ThreadId counting = partners.in_space(counting_taker);
  measure_sends<101>("send-only/higher", counting, higher);
  measure_sends<102>("send-only/lower", counting, lower);
  L4_Set_Priority(main_thread(), first);
}

}  // namespace bench
