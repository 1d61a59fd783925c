// SPDX-License-Identifier: MIT
// Empty round trips between spaces, the server's priority being that of the client, higher
// or lower; by the fast path, and by the C++ path as in slow.cc. Counted as in loops.h.
#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

constexpr l4::Word lower = 50, equal = 100, higher = 200, first = 255;

}  // namespace

void measure_priorities() {
  Partners partners;
  const l4::ThreadId server = partners.in_space(echo), slow = partners.in_space(echo<slow_flag>);
  wait_until_receiving(slow);  // and nobody is ready but those who are measured
  const auto set = [&](l4::Word priority) {
    L4_Set_Priority(server, priority);
    L4_Set_Priority(slow, priority);
  };
  L4_Set_Priority(main_thread(), equal);
  round_trip<83, 0>("priority/equal", server);
  round_trip<86, 0, slow_flag>("priority/equal/slow", slow);
  set(higher);
  round_trip<84, 0>("priority/server-higher", server);
  round_trip<87, 0, slow_flag>("priority/server-higher/slow", slow);
  set(lower);
  round_trip<85, 0>("priority/server-lower", server);
  round_trip<88, 0, slow_flag>("priority/server-lower/slow", slow);
  L4_Set_Priority(main_thread(), first);
}

}  // namespace bench
