// SPDX-License-Identifier: MIT
// The command about the kernel's trace. `dump` prints lines that ./mica trace reads: `@clock` and
// the kHz of the time-stamp counter, `@task` with a block of thread numbers and a name, `@` and the
// words of a TraceLine, `@lost` and how many are missing, `@end`; numbers are hexadecimal.
#include <mica/trace_server.h>

#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::TraceServer;
using mica::Word;
using runtime::hex;

constinit mica::Connection<TraceServer> trace{"trace"};

void dump() {
  say("@clock {}\n", hex(L4_ProcDescInternalFreq(L4_ProcDesc(nullptr, 0))));
  for_each_task([](const mica::TaskInfo& task) {
    say("@task {} {}\n", hex(task.id.index()), static_cast<const char*>(task.name));
  });
  for (;;) {
    const auto line = trace.call<TraceServer::next>();
    if (!line) break;
    runtime::Output out(show);
    out.put('@');
    for (const Word word : {line->number, line->time, line->thread, line->partner, line->awaited, line->tag,
                            line->first, line->second}) {
      out.put(' ');
      out.put_number(word, 16, 1);
    }
    out.put('\n');
  }
  const auto lost = trace.call<TraceServer::lost>();
  if (lost) say("@lost {}\n", hex(*lost));
  say("@end\n");
}

void show_use() {
  const Word khz = L4_ProcDescInternalFreq(L4_ProcDesc(nullptr, 0));
  say("thread            us   messages  faults\n");
  for (Word n = 0;; ++n) {
    const auto use = trace.call<TraceServer::thread_use>(n);
    if (!use) return;
    say("{}{}{}{}\n", runtime::right(use->thread.number(), 6), runtime::right(use->ticks * 1000 / khz, 14),
        runtime::right(use->messages, 11), runtime::right(use->faults, 8));
  }
}

}  // namespace

void control_trace(const Words& words) {
  const std::string_view what = words.size() == 2 ? std::string_view(words[1]) : std::string_view();
  if (what == "dump") return dump();
  if (what == "use") return show_use();
  if (what != "on" && what != "off") return say("use: trace on|off|dump|use\n");
  const auto done = trace.call<TraceServer::set>(Word{what == "on"});
  if (!done) say_error("trace", done.error());
}

}  // namespace shell
