// SPDX-License-Identifier: MIT
// Round trips between spaces when one side or both have used SSE registers, which then
// have to be kept for them. Counted as in loops.h.
#include <runtime/program.h>

#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

using l4::Word;

constexpr Word server_sse = 0x1111, client_sse = 0x2222;

void set_sse(Word value) { asm volatile("movq %0, %%xmm7" : : "r"(value)); }
Word sse() {
  Word value;
  asm volatile("movq %%xmm7, %0" : "=r"(value));
  return value;
}

// Looks at its register each round.
[[noreturn]] void echo_and_check_sse(Word value) {
  set_sse(value);
  l4::Words m;
  l4::ThreadId client = l4::wait_words(m);
  for (;;) {
    if (m.tag().failed() || sse() != value) [[unlikely]]
      runtime::panic("SSE register of the server lost");
    client = l4::reply_and_wait_words(client, m);
  }
}

// Has FPU state of its own from now on.
[[noreturn]] void echo_with_sse(Word value) {
  set_sse(value);
  echo(0);
}

}  // namespace

void measure_sse() {
  Partners partners;
  round_trip<161, 0>("inter-sse/server-only/0w", partners.in_space(echo_and_check_sse, server_sse));
  const l4::ThreadId without = partners.in_space(echo);
  const l4::ThreadId fpu_user = start_in_space(echo_with_sse, server_sse);
  set_sse(client_sse);
  round_trip<162, 0>("inter-sse/client-only/0w", without);
  round_trip<25, 0>("roundtrip/inter-sse/0w", fpu_user, 190, 461);
  if (sse() != client_sse) runtime::panic("SSE register lost");
}

}  // namespace bench
