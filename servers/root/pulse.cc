// SPDX-License-Identifier: MIT
#include "pulse.h"

#include <mica/root.h>
#include <runtime/task.h>

namespace root {

namespace {

constexpr long report_label = 0x103;

alignas(16) constinit std::byte stack[1024]{};

[[noreturn]] void run(l4::Word root) {
  l4::Word asked = 0, taken = 0;
  for (;;) {
    l4::Words m(l4::Tag::make(report_label, 2), asked, taken);
    l4::call_words(l4::ThreadId(root), m);
    asked = m[1];
    const L4_Time_t time = L4_TimePeriod(m[2]);
    if (asked == 0) {
      L4_Sleep(time);
      continue;
    }
    l4::Words ping(l4::Tag::make(mica::ping_label, 0));
    taken = l4::send_words(l4::ThreadId(asked), ping, l4::Timeouts{l4::Word{time.raw} << 16}).ok() ? 1 : 0;
  }
}

}  // namespace

bool PulseThread::start() {
  const auto thread = runtime::start_thread(run, l4::ThreadId::self().raw, stack);
  if (!thread) return false;
  thread_ = *thread;
  (void)L4_Set_Priority(thread_, 254);
  return true;
}

}  // namespace root
