// SPDX-License-Identifier: MIT
// Timeouts that do not pass, and those of zero that have passed at once.
//
//   timeout/never, /send-zero, /receive-finite, /finite, /server-finite
//            empty round trips between spaces as in loops.h; both of the client's timeouts
//            never come, its send timeout is zero, its receive timeout or both are one
//            second, the server waits one second for the next request
//   timeout/zero/no-receiver  a send with timeout zero to a thread that waits for another
//   timeout/zero/no-sender    a receive with timeout zero from a thread that does not send
//            Both end in the error; counted in rounds of one Ipc.
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

constexpr Word second = 10 << 10 | 977;  // 977 * 2^10 us
constexpr Word zero = Timeouts::poll().raw & 0xffff;

[[noreturn]] void sleeper(Word) {
  for (;;) L4_Sleep(L4_Never);
}

template <unsigned mark>
void measure_error(const char* name, ThreadId to, ThreadId from, Word error) {
  measure_rounds<mark>({"ipc", name}, [=](unsigned rounds) {
    const Word start = ticks();
    do {
      Words m(Tag::make(label, 0));
      l4::ipc_words(to, from, Timeouts::poll(), m);
      if (m.tag().ok()) [[unlikely]]
        wrong_answer();
    } while (--rounds != 0);
    const Word taken = ticks() - start;
    if (l4::IpcError::last().raw != error) wrong_answer();
    return taken;
  });
}

}  // namespace

void measure_timeouts() {
  Partners partners;
  const ThreadId server = partners.in_space(echo);
  round_trip<131, 0>("timeout/never", server);
  round_trip<132, 0, 0, zero << 16>("timeout/send-zero", server);
  round_trip<133, 0, 0, second>("timeout/receive-finite", server);
  round_trip<134, 0, 0, second << 16 | second>("timeout/finite", server);
  round_trip<135, 0>("timeout/server-finite", partners.in_space(echo<0, zero << 16 | second>));
  const ThreadId other = partners.in_space(sleeper);
  wait_until_receiving(other);
  measure_error<136>("timeout/zero/no-receiver", other, ThreadId::nil(), L4_IpcTimeout << 1);
  measure_error<137>("timeout/zero/no-sender", ThreadId::nil(), other, L4_IpcTimeout << 1 | 1);
}

}  // namespace bench
