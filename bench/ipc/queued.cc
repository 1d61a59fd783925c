// SPDX-License-Identifier: MIT
// A receiver for whom senders wait already.
//
//   queued/open/N, /closed/N  N threads in spaces of their own wait to send an empty
//                    message; an Ipc without a send phase takes that of the first one, or
//                    that of the last one. Counted from a reading of the counter before the
//                    receiver's Ipc to one behind it; the senders have a lower priority.
//   reply-and-wait/queued  a server with two clients of a higher priority: when it answers
//                    the one, the other one's call is there. Counted in the server, from
//                    one reply-and-wait to the next, with what the client does in between.
//   reply-and-wait/waiting  the same with one client, whom the server has to wait for
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

constexpr unsigned most_senders = 64;
constexpr Tag message_tag = Tag::make(label, 1);
constexpr Word server_priority = 50, first = 255;

constinit ThreadId senders[most_senders];

[[noreturn]] void sender(Word) {
  for (;;) {
    Words m(message_tag, probe);
    if (l4::send_words(main_thread(), m).failed()) wrong_answer();
  }
}

template <unsigned mark>
Word receive_once(ThreadId from, ThreadId expected) {
  for (const ThreadId id : senders) {
    if (!id.is_nil()) wait_until_sending(id);
  }
  Words m;
  mark_open<mark>();
  const Word start = ticks();
  const ThreadId sender = l4::ipc_words(ThreadId::nil(), from, l4::Timeouts::never(), m);
  const Word taken = ticks() - start;
  mark_close<mark>();
  if (m.tag() != message_tag || m[1] != probe || sender != expected) wrong_answer();
  return taken;
}

template <unsigned open_mark, unsigned closed_mark>
void measure_queue(const char* open, const char* closed, unsigned count) {
  Partners partners;
  for (ThreadId& id : senders) id = ThreadId::nil();
  for (unsigned i = 0; i < count; ++i) {
    senders[i] = partners.in_space(sender);
    wait_until_sending(senders[i]);  // in this order
  }
  unsigned head = 0;
  measure_once({"ipc", open}, open_mark, [&] {
    const ThreadId expected = senders[head];
    head = (head + 1) % count;
    return receive_once<open_mark>(ThreadId::any(), expected);
  });
  const ThreadId last = senders[(head + count - 1) % count];  // and last it will be again
  measure_once({"ipc", closed}, closed_mark, [last] { return receive_once<closed_mark>(last, last); });
}

// --- A server with clients -----------------------------------------------------------

[[noreturn]] void client(Word) {
  for (;;) {
    Words m(message_tag, probe);
    l4::call_words(main_thread(), m);
    if (m.tag() != message_tag || m[1] != probe) [[unlikely]]
      wrong_answer();
  }
}

struct Server {
  Words message;
  ThreadId client;

  Word serve(unsigned rounds) {
    Words m = message;
    ThreadId to = client;
    const Word start = ticks();
    do {
      to = l4::reply_and_wait_words(to, m);
      if (m.tag() != message_tag) [[unlikely]]
        wrong_answer();
    } while (--rounds != 0);
    const Word taken = ticks() - start;
    message = m;
    client = to;
    return taken;
  }
};

template <unsigned mark>
void measure_server(const char* name, unsigned clients) {
  L4_Set_Priority(main_thread(), server_priority);
  {
    Partners partners;
    for (unsigned i = 0; i < clients; ++i) {
      wait_until_sending(partners.in_space(client));
    }
    Server server;
    server.client = l4::wait_words(server.message);
    measure_rounds<mark>({"ipc", name}, [&server](unsigned rounds) { return server.serve(rounds); });
  }
  L4_Set_Priority(main_thread(), first);
}

}  // namespace

void measure_waiting_senders() {
  measure_queue<103, 104>("queued/open/1", "queued/closed/1", 1);
  measure_queue<105, 106>("queued/open/64", "queued/closed/64", most_senders);
  measure_server<107>("reply-and-wait/waiting", 1);
  measure_server<108>("reply-and-wait/queued", 2);
}

}  // namespace bench
