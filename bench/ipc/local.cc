// SPDX-License-Identifier: MIT
// Lipc inside one space, by local ids. Counted as in loops.h, but through that link.
//
//   lipc/any    the server waits for anybody
//   lipc/local  the server waits for threads of its space only, as the manual's
//               LreplyWait does
#include <runtime/program.h>

#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

using l4::ThreadId;
using l4::Timeouts;
using l4::Word;
using l4::Words;

constexpr l4::Tag message_tag = l4::Tag::make(label, 0);

[[gnu::always_inline]] inline ThreadId lipc_words(ThreadId to, ThreadId from, Timeouts timeouts, Words& m) {
  return ThreadId(l4_lipc_registers(to.raw, from.raw, timeouts.raw, m.mr));
}

template <Word from>
[[noreturn]] void lipc_server(Word) {
  Words m;
  ThreadId client = lipc_words(ThreadId::nil(), ThreadId(from), Timeouts::never(), m);
  for (;;) {
    if (m.tag().failed()) [[unlikely]]
      wrong_answer();
    client = lipc_words(client, ThreadId(from), Timeouts::reply(), m);
  }
}

Word lipc_rounds(ThreadId server, unsigned rounds) {
  Words m(message_tag);
  const Word start = ticks();
  do {
    lipc_words(server, server, Timeouts::never(), m);
    if (m.tag() != message_tag) [[unlikely]]
      wrong_answer();
  } while (--rounds != 0);
  return ticks() - start;
}

template <unsigned mark>
void measure_lipc(const char* name, ThreadId server) {
  measure_rounds<mark>({"ipc", name}, [server](unsigned rounds) { return lipc_rounds(server, rounds); });
}

}  // namespace

void measure_local() {
  Partners partners;
  measure_lipc<144>("lipc/any", L4_LocalIdOf(partners.here(lipc_server<ThreadId::any().raw>)));
  measure_lipc<145>("lipc/local", L4_LocalIdOf(partners.here(lipc_server<ThreadId::any_local().raw>)));
}

}  // namespace bench
