// SPDX-License-Identifier: MIT
// Round trips that take the C++ path in both directions, because a flag of the tag is set
// that means nothing: what a message costs when the fast path is not for it. Counted as in
// loops.h, with an instruction more on each side that sets the flag.
#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

template <unsigned mark, unsigned words>
void slow_round_trip(const char* name, l4::ThreadId server) {
  round_trip<mark, words, slow_flag>(name, server);
}

}  // namespace

void measure_slow_path() {
  Partners partners;
  const l4::ThreadId other = partners.in_space(echo<slow_flag>);
  slow_round_trip<71, 0>("slow/inter/0w", other);
  slow_round_trip<72, 1>("slow/inter/1w", other);
  slow_round_trip<73, 2>("slow/inter/2w", other);
  slow_round_trip<74, 4>("slow/inter/4w", other);
  slow_round_trip<75, 7>("slow/inter/7w", other);
  slow_round_trip<76, 8>("slow/inter/8w", other);
  slow_round_trip<77, 16>("slow/inter/16w", other);
  slow_round_trip<78, 32>("slow/inter/32w", other);
  slow_round_trip<79, 63>("slow/inter/63w", other);
  const l4::ThreadId near = partners.here(echo_to<slow_flag>, main_thread().raw);
  slow_round_trip<80, 0>("slow/intra/0w", near);
  slow_round_trip<81, 7>("slow/intra/7w", near);
  slow_round_trip<82, 63>("slow/intra/63w", near);
}

}  // namespace bench
