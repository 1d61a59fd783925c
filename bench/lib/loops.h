// SPDX-License-Identifier: MIT
// The two sides of a round trip: a client's loop of calls, and servers that send back
// what they get.
//
// Counted: every instruction from one pass of the client's loop to the next, those
// of the kernel, of its stubs and of both programs. Each round the client sets up
// the destination and the timeouts, calls through the KIP's link, compares the tag
// that came back (label, count and error bit at once). The server checks the error bit
// and echoes what it got. The words that came back are those that go next, so one that
// was ever lost is missing after the batch, when the first and those beyond the
// registers are compared.
//
// The loops are what the compiler makes of the public headers. Nothing can stay in
// a register across Ipc but message registers, so the client's loop counter and the
// partner's id are on the stack.
#pragma once

#include <runtime/program.h>

#include "measure.h"

namespace bench {

inline constexpr long label = 0x123;
inline constexpr l4::Word probe = 0x5eed;  // a word to look for

// A flag of the tag that means nothing in a message that is sent. The fast path leaves
// such a tag to C++, which does nothing more for it than for another one.
inline constexpr l4::Word slow_flag = 1 << 14;

[[noreturn, gnu::cold, gnu::noinline]] inline void wrong_answer() {
  runtime::panic("wrong answer in a round trip");
}

inline l4::Word pattern(unsigned n) { return 0x1000'0000'0000'0000 + n; }

// --- The client ---------------------------------------------------------------------

template <unsigned words, l4::Word flags = 0, l4::Word timeouts = 0>
[[gnu::noinline]] l4::Word call_rounds(l4::ThreadId server, unsigned rounds) {
  constexpr l4::Tag tag = l4::Tag::make(label, words);
  for (unsigned n = 8; n <= words; ++n) L4_LoadMR(static_cast<int>(n), pattern(n));
  l4::Words m(tag, probe);
  const l4::Word start = ticks();
  do {
    if (flags != 0) m.set_tag({tag.raw | flags});
    l4::call_words(server, m, l4::Timeouts{timeouts});
    if (m[0] != tag.raw) [[unlikely]]
      wrong_answer();
  } while (--rounds != 0);
  const l4::Word taken = ticks() - start;
  if (words > 0 && m[1] != probe) wrong_answer();
  for (unsigned n = 8; n <= words; ++n) {
    l4::Word word = 0;
    L4_StoreMR(static_cast<int>(n), &word);
    if (word != pattern(n)) wrong_answer();
  }
  return taken;
}

// For measure_rounds().
template <unsigned words, l4::Word flags = 0, l4::Word timeouts = 0>
auto round_trips(l4::ThreadId server) {
  return [server](unsigned rounds) { return call_rounds<words, flags, timeouts>(server, rounds); };
}

template <unsigned mark, unsigned words, l4::Word flags = 0, l4::Word timeouts = 0>
void round_trip(const char* name, l4::ThreadId server, l4::Word target = 0, l4::Word best = 0) {
  measure_rounds<mark>({"ipc", name, target, best}, round_trips<words, flags, timeouts>(server));
}

// --- The servers --------------------------------------------------------------------

template <l4::Word flags = 0, l4::Word timeouts = l4::Timeouts::reply().raw>
[[noreturn]] void echo(l4::Word) {
  l4::Words m;
  l4::ThreadId client = l4::wait_words(m);
  for (;;) {
    if (flags != 0) m.set_tag({m.tag().raw | flags});
    client = l4::reply_and_wait_words(client, m, l4::Timeouts{timeouts});
    if (m.tag().failed()) [[unlikely]]
      client = l4::wait_words(m);
  }
}

// Answers the thread that it was told of, whatever the id as delivered.
template <l4::Word flags = 0>
[[noreturn]] void echo_to(l4::Word raw_client) {
  const l4::ThreadId client(raw_client);
  l4::Words m;
  l4::wait_words(m);
  for (;;) {
    if (flags != 0) m.set_tag({m.tag().raw | flags});
    l4::reply_and_wait_words(client, m);
    if (m.tag().failed()) [[unlikely]]
      l4::wait_words(m);
  }
}

}  // namespace bench
