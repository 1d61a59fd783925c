// SPDX-License-Identifier: MIT
// Thousands of threads:
//
//   timeouts     10,000 threads sleep until the same point in time; counted until all
//                of them have run
//   create       threads are made active and deleted, while 4,000 others are there
//   send         a message, with timeout zero, to a thread to whom 4,000 wait to send
//   delete       the end of that thread; each of them gets an error and runs
//   search       a wait for a local thread, with timeout zero, when 4,000 others have sent
#include "scenarios.h"

#include <runtime/program.h>

#include "../lib/crowd.h"
#include "../lib/world.h"
#include "probe.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr unsigned sleepers = 10'000, others = 4'000;

constinit volatile Word wake_at = 0;  // microseconds
constinit volatile unsigned awake = 0;
constinit ThreadId target;
constinit volatile unsigned failed = 0;

Word now_us() { return L4_SystemClock().raw; }

// Told by a message of the first thread to do what is to be done once.
template <class Act>
[[noreturn]] void each_time(Act act) {
  for (;;) {
    Words message;
    l4::ipc_words(ThreadId::nil(), main_thread(), l4::Timeouts::never(), message);
    if (message.tag().ok()) act();
  }
}

void tell_all(const Crowd& crowd) {
  for (unsigned i = 0; i < crowd.size(); ++i) {
    Words message(Tag::make(0, 0));
    if (l4::send_words(crowd[i], message).failed()) runtime::panic("a thread of the crowd is not there");
  }
}

[[noreturn]] void sleeper(Word) {
  each_time([] {
    L4_Sleep(L4_TimePointFrom({.raw = wake_at}, L4_SystemClock()));
    awake = awake + 1;
  });
}

void timeouts(Crowd& crowd) {
  constexpr Word far = 131'072, steps = 1024;  // what all of them can say exactly
  crowd.make(sleepers);
  crowd.start(sleeper, helper_priority);
  measure_latency<5>(
      "timeouts/10000-at-once", 8,
      [&](unsigned) {
        awake = 0;
        wake_at = (now_us() + far) / steps * steps;
        tell_all(crowd);
        constexpr Word margin = 500;  // of wait_for_phase()
        if (now_us() + margin > wake_at || awake != 0) runtime::panic("the sleepers' time came too early");
        while (now_us() + margin < wake_at) {
        }
      },
      [&](unsigned) {
        while (awake != sleepers) {
        }
      });
  crowd.end();
}

void create_and_delete() {
  const ThreadId self = ThreadId::self(), id = runtime::new_thread_id();
  for (unsigned i = 0; i < 10; ++i) {
    if (L4_ThreadControl(id, self, self, self, runtime::utcb_location(100)) != 1 ||
        !runtime::delete_thread(id)) {
      runtime::panic("a thread was refused");
    }
  }
}

[[noreturn]] void sender(Word) {
  each_time([] {
    Words message(Tag::make(0, 0));
    if (l4::send_words(target, message).failed()) failed = failed + 1;
  });
}

// A thread that waits for its start by somebody else, with `others` that wait to send to it.
void make_target(const Crowd& crowd) {
  const ThreadId self = ThreadId::self();
  target = runtime::new_thread_id();
  if (L4_ThreadControl(target, self, self, pager_thread_id(), runtime::utcb_location(101)) != 1) {
    runtime::panic("no target");
  }
  failed = 0;
  tell_all(crowd);
}

void end_target() {
  if (!runtime::delete_thread(target)) runtime::panic("the target cannot be deleted");
}

void senders(const Crowd& crowd) {
  constexpr unsigned rounds = 16;
  make_target(crowd);
  measure_latency<6>(
      "send/4000-others-wait", rounds, [](unsigned) {},
      [](unsigned) {
        for (unsigned i = 0; i < 10; ++i) {
          Words message(Tag::make(0, 0));
          if (l4::send_words(target, message, l4::Timeouts::poll()).ok())
            runtime::panic("the target has received");
        }
      });
  end_target();
  measure_latency<7>(
      "delete/4000-wait-to-send", rounds, [&](unsigned) { make_target(crowd); },
      [](unsigned) {
        end_target();
        if (failed != others) runtime::panic("a sender still waits");
      });
}

void search(const Crowd& crowd) {
  target = ThreadId::self();
  tell_all(crowd);
  measure_latency<16>(
      "search/4000-have-sent", 16, [](unsigned) {},
      [](unsigned) {
        for (unsigned i = 0; i < 10; ++i) {
          Words message;
          l4::ipc_words(ThreadId::nil(), ThreadId::any_local(), l4::Timeouts::poll(), message);
          if (message.tag().ok()) runtime::panic("a message from nobody");
        }
      });
  for (unsigned i = 0; i < others; ++i) {
    Words message;
    l4::ipc_words(ThreadId::nil(), crowd[i], l4::Timeouts::poll(), message);
    if (!message.tag().ok()) runtime::panic("a message is missing");
  }
}

}  // namespace

void measure_crowds() {
  static constinit Crowd crowd;
  timeouts(crowd);
  crowd.make(others);
  crowd.start(sender, helper_priority);
  measure_latency<8>(
      "create+delete/4000-others", 16, [](unsigned) {}, [](unsigned) { create_and_delete(); });
  senders(crowd);
  search(crowd);
  crowd.end();
}

}  // namespace bench
