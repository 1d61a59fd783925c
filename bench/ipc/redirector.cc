// SPDX-License-Identifier: MIT
// A client whose space has a redirector. Counted in the client, as in loops.h.
//
//   redirector/relayed  the client's message is for a server in a third space and goes to
//                       the redirector, which calls the server and answers the client
//   redirector/exempt   a call of a thread in the redirector's own space: two messages,
//                       which go their ways as without a redirector
#include <runtime/program.h>

#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Timeouts;
using l4::Word;
using l4::Words;

constexpr Tag message_tag = Tag::make(label, 1);
constexpr Word redirected = 1 << 13;

constinit ThreadId redirector, server, exempt;

[[noreturn]] void relay(Word) {
  Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    const ThreadId meant = L4_IntendedReceiver();
    if (m[0] != (message_tag.raw | redirected) || meant != server) [[unlikely]]
      wrong_answer();
    m.set_tag(message_tag);
    if (l4::call_words(meant, m) != message_tag) [[unlikely]]
      wrong_answer();
    client = l4::reply_and_wait_words(client, m);
  }
}

// Sends to the one thread, and has the answer from the other.
Word rounds_to(ThreadId to, ThreadId from, unsigned rounds) {
  Words m(message_tag, probe);
  const Word start = ticks();
  do {
    l4::ipc_words(to, from, Timeouts::never(), m);
    if (m.tag() != message_tag || m[1] != probe) [[unlikely]]
      wrong_answer();
  } while (--rounds != 0);
  return ticks() - start;
}

[[noreturn]] void client(Word) {
  measure_rounds<142>({"ipc", "redirector/relayed"},
                      [](unsigned rounds) { return rounds_to(server, redirector, rounds); });
  measure_rounds<143>({"ipc", "redirector/exempt"},
                      [](unsigned rounds) { return rounds_to(exempt, exempt, rounds); });
  Words m(Tag::make(0, 0));
  l4::call_words(main_thread(), m);
  __builtin_unreachable();
}

}  // namespace

void measure_redirector() {
  Partners partners;
  redirector = partners.here(relay);  // in the first thread's space, as the pager is
  exempt = partners.here(echo);
  server = partners.in_space(echo);
  const ThreadId confined = start_in_space(client);  // runs when this thread waits
  Word old_control = 0;
  if (L4_SpaceControl(confined, 0, L4_Nilpage, L4_Nilpage, redirector, &old_control) != 1) {
    runtime::panic("no redirector");
  }
  Words m;
  l4::ipc_words(ThreadId::nil(), confined, Timeouts::never(), m);
  if (m.tag().failed() || !runtime::delete_thread(confined)) runtime::panic("the confined client failed");
}

}  // namespace bench
