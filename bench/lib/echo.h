// SPDX-License-Identifier: MIT
// A partner for round trips of no words.
#pragma once

#include <runtime/program.h>
#include <l4/l4.hpp>

#include "ticks.h"

namespace bench {

[[noreturn]] inline void echo(l4::Word) {
  l4::Words m;
  l4::ThreadId client = l4::wait_words(m);
  for (;;) client = l4::reply_and_wait_words(client, m);
}

// For measure_rounds(): calls it.
inline auto round_trips(l4::ThreadId server) {
  return [server](unsigned rounds) {
    constexpr l4::Tag tag = l4::Tag::make(0x123, 0);
    l4::Words m(tag);
    const l4::Word start = ticks();
    do {
      l4::call_words(server, m);
      if (m[0] != tag.raw) [[unlikely]]
        runtime::panic("wrong answer in a round trip");
    } while (--rounds != 0);
    return ticks() - start;
  };
}

}  // namespace bench
