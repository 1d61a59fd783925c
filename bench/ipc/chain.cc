// SPDX-License-Identifier: MIT
// Calls in a row: the client calls a server, which calls the next one before it answers,
// and so on to a depth, and back; each is in a space of its own. Counted as in loops.h:
// a round has twice as many messages as the chain has servers. Each server adds itself to
// the answer.
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

constexpr unsigned longest = 64;
constexpr Tag message_tag = Tag::make(label, 2);

constinit ThreadId servers[longest];

// MR1: how many servers are still to be called. MR2: how many there were.
[[noreturn]] void link(Word number) {
  const ThreadId next = number + 1 < longest ? servers[number + 1] : ThreadId::nil();
  Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    if (--m[1] != 0) l4::call_words(next, m);
    if (m.tag() != message_tag) [[unlikely]]
      wrong_answer();
    ++m[2];
    client = l4::reply_and_wait_words(client, m);
  }
}

template <unsigned mark, unsigned depth>
void measure_chain(const char* name) {
  measure_rounds<mark>({"ipc", name}, [](unsigned rounds) {
    const Word start = ticks();
    do {
      Words m(message_tag, depth, 0);
      l4::call_words(servers[0], m);
      if (m.tag() != message_tag || m[2] != depth) [[unlikely]]
        wrong_answer();
    } while (--rounds != 0);
    return ticks() - start;
  });
}

}  // namespace

void measure_chains() {
  Partners partners;
  for (unsigned i = 0; i < longest; ++i) servers[i] = partners.in_space(link, i);
  measure_chain<151, 1>("chain/1");
  measure_chain<152, 2>("chain/2");
  measure_chain<153, 4>("chain/4");
  measure_chain<154, 8>("chain/8");
  measure_chain<155, 16>("chain/16");
  measure_chain<156, 32>("chain/32");
  measure_chain<157, 64>("chain/64");
}

}  // namespace bench
