// SPDX-License-Identifier: MIT
// One IPC round trip: a call against a reply-and-wait(any).
//
// Counted: every instruction from one pass of the client's loop to the next, those
// of the kernel, of its stubs and of both programs. Each round the client sets up
// the destination and the timeouts, calls through the KIP's link, compares the tag
// that came back (label, count and error bit at once) and, when the message has
// words, the first word. The server checks the error bit and echoes what it got.
// With more than 7 words, all of them are compared after each batch.
//
// The loops are what the compiler makes of the public headers. Nothing can stay in
// a register across Ipc but message registers, so the client's loop counter and the
// partner's id are on the stack.
#include "roundtrip.h"

#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr long label = 0x123;
constexpr Word probe = 0x5eed;

[[noreturn, gnu::cold, gnu::noinline]] void wrong_answer() { runtime::panic("wrong answer in a round trip"); }

Word pattern(unsigned n) { return 0x1000'0000'0000'0000 + n; }

// --- The client ---------------------------------------------------------------------

template <unsigned words>
[[gnu::noinline]] Word call_rounds(ThreadId server, unsigned rounds) {
  constexpr Tag tag = Tag::make(label, words);
  for (unsigned n = 8; n <= words; ++n) L4_LoadMR(static_cast<int>(n), pattern(n));
  Words m(tag, probe);
  const Word start = ticks();
  do {
    l4::call_words(server, m);
    if (m[0] != tag.raw) [[unlikely]] wrong_answer();
    if (words > 0 && m[1] != probe) [[unlikely]] wrong_answer();
  } while (--rounds != 0);
  const Word taken = ticks() - start;
  for (unsigned n = 8; n <= words; ++n) {
    Word word = 0;
    L4_StoreMR(static_cast<int>(n), &word);
    if (word != pattern(n)) wrong_answer();
  }
  return taken;
}

// --- The servers --------------------------------------------------------------------

[[noreturn]] void echo(Word) {
  Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    client = l4::reply_and_wait_words(client, m);
    if (m.tag().failed()) [[unlikely]] client = l4::wait_words(m);
  }
}

// Answers the thread that it was told of, whatever the id as delivered.
[[noreturn]] void echo_to(Word raw_client) {
  const ThreadId client(raw_client);
  Words m;
  l4::wait_words(m);
  for (;;) {
    l4::reply_and_wait_words(client, m);
    if (m.tag().failed()) [[unlikely]] l4::wait_words(m);
  }
}

void set_sse(Word value) { asm volatile("movq %0, %%xmm7" : : "r"(value)); }
Word sse() {
  Word value;
  asm volatile("movq %%xmm7, %0" : "=r"(value));
  return value;
}

// Has FPU state of its own from now on.
[[noreturn]] void echo_with_sse(Word value) {
  set_sse(value);
  echo(0);
}

constexpr Word server_sse = 0x1111, client_sse = 0x2222;

template <unsigned mark, unsigned words>
void round_trip(const char* name, ThreadId server, Word target, Word best) {
  measure_rounds<mark>({"ipc", name, target, best},
                       [server](unsigned rounds) { return call_rounds<words>(server, rounds); });
}

}  // namespace

void measure_round_trips() {
  const ThreadId other = start_in_space(echo);
  round_trip<1, 0>("roundtrip/inter/0w", other, 115, 282);
  round_trip<2, 4>("roundtrip/inter/4w", other, 115, 282);
  round_trip<3, 7>("roundtrip/inter/7w", other, 115, 282);
  round_trip<4, 8>("roundtrip/inter/8w", other, 0, 480);
  round_trip<5, 16>("roundtrip/inter/16w", other, 0, 0);
  round_trip<6, 32>("roundtrip/inter/32w", other, 0, 0);
  round_trip<7, 63>("roundtrip/inter/63w", other, 250, 598);

  const ThreadId near = start_here(echo_to, main_thread().raw);
  round_trip<11, 0>("roundtrip/intra/0w", near, 115, 429);
  round_trip<12, 4>("roundtrip/intra/4w", near, 115, 429);
  round_trip<13, 7>("roundtrip/intra/7w", near, 115, 429);
  round_trip<14, 8>("roundtrip/intra/8w", near, 0, 0);
  round_trip<15, 16>("roundtrip/intra/16w", near, 0, 0);
  round_trip<16, 32>("roundtrip/intra/32w", near, 0, 0);
  round_trip<17, 63>("roundtrip/intra/63w", near, 0, 0);

  const ThreadId local = L4_LocalIdOf(start_here(echo));
  round_trip<21, 0>("roundtrip/intra-local/0w", local, 130, 429);
  round_trip<22, 7>("roundtrip/intra-local/7w", local, 130, 429);
  round_trip<23, 63>("roundtrip/intra-local/63w", local, 0, 0);

  // Last: from here on this thread has FPU state.
  const ThreadId fpu_user = start_in_space(echo_with_sse, server_sse);
  set_sse(client_sse);
  round_trip<25, 0>("roundtrip/inter-sse/0w", fpu_user, 190, 461);
  if (sse() != client_sse) runtime::panic("SSE register lost");
}

}  // namespace bench
