// SPDX-License-Identifier: MIT
// Times of 16 bits (manual: 3.3 Time), as timeouts and time slices are written:
// a period m * 2^e microseconds, or a point in time near now.
#ifndef L4_TIME_H
#define L4_TIME_H

#include "types.h"

typedef union {
  L4_Word16_t raw;
  struct {
    L4_Word16_t m : 10;
    L4_Word16_t e : 5;
    L4_Word16_t a : 1;  // 0
  } period;
  struct {
    L4_Word16_t m : 10;
    L4_Word16_t c : 1;
    L4_Word16_t e : 4;
    L4_Word16_t a : 1;  // 1
  } point;
} L4_Time_t;

// A timeout that never comes, and one that has come already.
#define L4_Never L4_LITERAL(L4_Time_t, .raw = 0)
#define L4_ZeroTime L4_LITERAL(L4_Time_t, .raw = 0x400)

// L4_TimePeriod: the shortest encodable period that is not shorter than asked.
//   microseconds  0 gives L4_ZeroTime; more than 1023 * 2^31 gives L4_Never
// Ten bits are exact, so the result is at most 0.2 % longer.
L4_INLINE L4_Time_t L4_TimePeriod(L4_Word64_t microseconds) {
  L4_Word_t e = 0;
  L4_Word_t m = microseconds;
  if (microseconds == 0) return L4_ZeroTime;
  if (microseconds > 1023UL << 31) return L4_Never;
  if (microseconds > 1023) {
    e = 54 - L4_VALUE_CAST(L4_Word_t, __builtin_clzl(microseconds));
    m = (microseconds + (1UL << e) - 1) >> e;
    if (m > 1023) {
      m >>= 1;
      ++e;
    }
  }
  return L4_LITERAL(L4_Time_t, .raw = L4_VALUE_CAST(L4_Word16_t, e << 10 | m));
}

// L4_TimePointFrom: the point in time `at`, as seen from the clock value `now`
// (both from L4_SystemClock). The resolution is 1 us for points less than 1 ms
// away and grows with the distance. A point not later than now gives
// L4_ZeroTime, one more than 2^25 us (33 s) away may give L4_Never. Use it
// soon: a point that lies further back than its own resolution times 1024 reads
// as one in the future.
L4_INLINE L4_Time_t L4_TimePointFrom(L4_Clock_t at, L4_Clock_t now) {
  L4_Word_t e;
  if (at.raw <= now.raw) return L4_ZeroTime;
  for (e = 0; e < 16; ++e) {
    L4_Word_t window = at.raw >> (e + 10);
    if (window - (now.raw >> (e + 10)) <= 1) {
      L4_Word_t m = at.raw >> e & 0x3ff;
      return L4_LITERAL(L4_Time_t,
                        .raw = L4_VALUE_CAST(L4_Word16_t, 1UL << 15 | e << 11 | (window & 1) << 10 | m));
    }
  }
  return L4_Never;
}

// L4_Timeouts: the word of two timeouts that Ipc takes (manual: 5.6 Ipc).
//   send_timeout     how long to wait for the partner to be ready to receive
//   receive_timeout  how long to wait for a message, once the send is done
L4_INLINE L4_Word_t L4_Timeouts(L4_Time_t send_timeout, L4_Time_t receive_timeout) {
  return L4_VALUE_CAST(L4_Word_t, send_timeout.raw) << 16 | receive_timeout.raw;
}

#endif
