// SPDX-License-Identifier: MIT
// A request that is passed on in its sender's name: the client calls one thread of another
// space, which sends the message, propagated, to a second one there, and that one answers
// the client. Counted as in loops.h: three messages, and the client's wait, which the
// kernel turns from the first thread to the second.
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
constexpr Word propagated = 1 << 12;

constinit ThreadId worker;

[[noreturn]] void pass_on(Word) {
  Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    if (m.tag() != message_tag) [[unlikely]]
      wrong_answer();
    L4_Set_VirtualSender(client);
    m.set_tag({message_tag.raw | propagated});
    client = l4::ipc_words(worker, ThreadId::any(), Timeouts::never(), m);
  }
}

// That the request was propagated, and came from the client, it learns from the kernel.
[[noreturn]] void answer(Word) {
  Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    if (m[0] != (message_tag.raw | propagated)) [[unlikely]]
      wrong_answer();
    m.set_tag(message_tag);
    client = l4::reply_and_wait_words(client, m);
  }
}

Word rounds_through(ThreadId to, unsigned rounds) {
  Words m(message_tag, probe);
  const Word start = ticks();
  do {
    const ThreadId from = l4::ipc_words(to, to, Timeouts::never(), m);
    if (m.tag() != message_tag || m[1] != probe || from != worker) [[unlikely]]
      wrong_answer();
  } while (--rounds != 0);
  return ticks() - start;
}

}  // namespace

void measure_propagation() {
  Partners partners;
  const ThreadId by = partners.in_space(pass_on);
  worker = partners.in_last_space(answer);
  measure_rounds<141>({"ipc", "propagation/forwarded"},
                      [by](unsigned rounds) { return rounds_through(by, rounds); });
}

}  // namespace bench
