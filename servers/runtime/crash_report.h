// SPDX-License-Identifier: MIT
// What is printed of a thread that can not go on. Programs keep no frame pointers, so the
// frames are what the stack may have of them: words that point behind a call, and how far above
// the stack pointer they stand. From that ./mica symbolize knows the callers (tools/symbolize).
#pragma once

#include <string_view>

#include <l4/l4.hpp>

#include "print.h"

namespace runtime {

struct Crash {
  std::string_view task, program;
  l4::Word thread;  // number
  std::string_view cause;
  l4::Word ip, sp, address;
};

// The stack pointer of a thread that waits for an answer to its fault.
inline l4::Word stack_of(l4::ThreadId thread) {
  l4::Word old = 0, sp = 0, ip = 0, flags = 0, handle = 0;
  L4_ThreadId_t pager;
  (void)L4_ExchangeRegisters(thread, 0x200, 0, 0, 0, 0, L4_nilthread, &old, &sp, &ip, &flags, &handle, &pager);
  return sp;
}

// look(address): where the byte can be read, null if it can not. is_code(address): is an
// instruction of the program there?
template <typename Look, typename IsCode>
bool is_behind_call(l4::Word ip, Look&& look, IsCode&& is_code) {
  if (!is_code(ip)) return false;
  const auto byte = [&](l4::Word back) -> unsigned {
    const unsigned char* const at = look(ip - back);
    return at == nullptr ? 0 : *at;
  };
  constexpr unsigned call_relative = 0xe8, call_indirect = 0xff;
  if (byte(5) == call_relative) return true;
  for (l4::Word back = 2; back <= 7; ++back) {
    if (byte(back) == call_indirect && (byte(back - 1) >> 3 & 7) == 2) return true;
  }
  return false;
}

// report(format, values...) prints a line.
template <typename Report, typename Look, typename IsCode>
void write_crash(const Crash& crash, Report&& report, Look&& look, IsCode&& is_code) {
  constexpr unsigned most_frames = 32;
  constexpr l4::Word most_words = 1024;
  report("crash: {} (program {}) thread {}: {} at {}, address {}\n", crash.task, crash.program, crash.thread,
         crash.cause, hex(crash.ip), hex(crash.address));
  report("crash:   frame {}\n", hex(crash.ip));
  unsigned frames = 0;
  for (l4::Word i = 0; i < most_words && frames < most_frames; ++i) {
    const l4::Word offset = i * sizeof(l4::Word);
    const unsigned char* const at = look((crash.sp & ~l4::Word{7}) + offset);
    if (at == nullptr) break;
    const l4::Word word = *reinterpret_cast<const l4::Word*>(at);
    if (!is_behind_call(word, look, is_code)) continue;
    report("crash:   frame {} at sp+{}\n", hex(word), hex(offset));
    ++frames;
  }
}

}  // namespace runtime
