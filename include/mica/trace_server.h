// SPDX-License-Identifier: MIT
// The trace server: switches the kernel's trace, keeps what is read from it, and counts. Name: trace.
#pragma once

#include "rpc.h"

namespace mica {

// A record of the kernel's trace (trace.h), without the registers that nobody draws.
struct TraceLine {
  Word number;     // bits 0-31 of the record, 32-39 event, 40-47 state, 48-55 protocol, 56-63 stopped
  Word time;       // time-stamp counter
  Word thread, partner;
  Word awaited;
  Word tag;        // of a message: tag, MR1 and MR2; of a call RDI, RSI and R8
  Word first, second;
};

// What a thread has done while the trace was on.
struct ThreadUse {
  l4::ThreadId thread;
  Word ticks;      // of the time-stamp counter, while it ran
  Word messages;   // that it sent, and the kernel in its name
  Word faults;     // page faults among them
};

// What the counts of ThreadUse are counts of.
struct TraceCounted {
  Word on;         // 1: the trace is on
  Word ticks;      // of the time-stamp counter that they cover: since it was switched on, without
                   // the gaps where records were overwritten before they were read
};

struct TraceServer {
  static constexpr long id = 0x2a;
  // Switches the trace: 0 off, else on, and all counts begin at 0.
  using set = Operation<TraceServer, 0, void(Word on)>;
  // The next record that was not read yet. not_found: there is none.
  using next = Operation<TraceServer, 1, TraceLine()>;
  // How many records have been overwritten before they were read.
  using lost = Operation<TraceServer, 2, Word()>;
  // The n-th thread that was seen. not_found: there are not so many.
  using thread_use = Operation<TraceServer, 3, ThreadUse(Word n)>;
  // Counts what has come until now, as thread_use of n = 0 does.
  using counted = Operation<TraceServer, 4, TraceCounted()>;
  using Operations = mica::Operations<set, next, lost, thread_use, counted>;
};

}  // namespace mica
