// SPDX-License-Identifier: MIT
#include "crash.h"

#include "log.h"

namespace root {

namespace {

constexpr unsigned most_frames = 16;
constexpr Word most_words = 1024;

// A word of the task's stack is taken for a return address if it points behind a call.
bool is_behind_call(const Task& task, Word ip) {
  if (!task.is_code(ip)) return false;
  const auto byte = [&](Word back) -> unsigned {
    const Address at = task.look(ip - back);
    return at == 0 ? 0 : *reinterpret_cast<const unsigned char*>(at);
  };
  constexpr unsigned call_relative = 0xe8, call_indirect = 0xff;
  if (byte(5) == call_relative) return true;
  for (Word back = 2; back <= 7; ++back) {
    if (byte(back) == call_indirect && (byte(back - 1) >> 3 & 7) == 2) return true;
  }
  return false;
}

}  // namespace

// Programs keep no frame pointers, so the frames are what the stack may have of them.
void report_crash(const Task& task, std::string_view cause, const CrashSite& site) {
  report("crash: {} (program {}) thread {}: {} at {}, address {}\n", task.name(), task.spec().program,
         site.thread.number(), cause, runtime::hex(site.ip), runtime::hex(site.address));
  report("crash:   frame {}\n", runtime::hex(site.ip));
  unsigned frames = 0;
  for (Word i = 0; i < most_words && frames < most_frames; ++i) {
    const Address at = task.look((site.sp & ~Word{7}) + i * sizeof(Word));
    if (at == 0) break;
    const Word word = *reinterpret_cast<const Word*>(at);
    if (!is_behind_call(task, word)) continue;
    report("crash:   frame {}\n", runtime::hex(word));
    ++frames;
  }
}

}  // namespace root
