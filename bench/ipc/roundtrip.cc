// SPDX-License-Identifier: MIT
// One IPC round trip, a call against a reply-and-wait(any), of 0 to 63 untyped words: all
// on the fast path. What is counted is said at the head of loops.h.
#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"

namespace bench {

using l4::ThreadId;

void measure_round_trips() {
  const ThreadId other = start_in_space(echo);
  round_trip<1, 0>("roundtrip/inter/0w", other, 106, 282);
  round_trip<61, 1>("roundtrip/inter/1w", other, 106);
  round_trip<62, 2>("roundtrip/inter/2w", other, 106);
  round_trip<2, 4>("roundtrip/inter/4w", other, 106, 282);
  round_trip<3, 7>("roundtrip/inter/7w", other, 106, 282);
  round_trip<4, 8>("roundtrip/inter/8w", other, 0, 480);
  round_trip<5, 16>("roundtrip/inter/16w", other);
  round_trip<6, 32>("roundtrip/inter/32w", other);
  round_trip<7, 63>("roundtrip/inter/63w", other, 250, 598);

  const ThreadId near = start_here(echo_to, main_thread().raw);
  round_trip<11, 0>("roundtrip/intra/0w", near, 115, 429);
  round_trip<63, 1>("roundtrip/intra/1w", near);
  round_trip<64, 2>("roundtrip/intra/2w", near);
  round_trip<12, 4>("roundtrip/intra/4w", near, 115, 429);
  round_trip<13, 7>("roundtrip/intra/7w", near, 115, 429);
  round_trip<14, 8>("roundtrip/intra/8w", near);
  round_trip<15, 16>("roundtrip/intra/16w", near);
  round_trip<16, 32>("roundtrip/intra/32w", near);
  round_trip<17, 63>("roundtrip/intra/63w", near);

  const ThreadId local = L4_LocalIdOf(start_here(echo));
  round_trip<21, 0>("roundtrip/intra-local/0w", local, 130, 429);
  round_trip<65, 1>("roundtrip/intra-local/1w", local);
  round_trip<66, 2>("roundtrip/intra-local/2w", local);
  round_trip<67, 4>("roundtrip/intra-local/4w", local);
  round_trip<22, 7>("roundtrip/intra-local/7w", local, 130, 429);
  round_trip<68, 8>("roundtrip/intra-local/8w", local);
  round_trip<69, 16>("roundtrip/intra-local/16w", local);
  round_trip<70, 32>("roundtrip/intra-local/32w", local);
  round_trip<23, 63>("roundtrip/intra-local/63w", local);
}

}  // namespace bench
