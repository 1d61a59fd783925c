// SPDX-License-Identifier: MIT
// Threads in each of the states in which ThreadControl may find them.
#pragma once

#include "messages.h"

namespace guest {

// Where the UTCB is now; compilers take l4_utcb() for a constant.
inline Word* utcb_now() {
  Word* utcb;
  __asm__ volatile("movq %%gs:0, %0" : "=r"(utcb) : : "memory");
  return utcb;
}
inline Word error_now() { return utcb_now()[-9]; }

inline constexpr Word fault_address = 0x7100'0000;
inline constexpr Word read_fault = 0xffff'ffff'ffe4'0002, exception_tag = 0xffff'ffff'ffb0'0014;

// What the thread of a test tells about itself, when it is through.
struct Report {
  volatile Word error = 0, local_id = 0, global_id = 0, value = 0, count = 0;
  volatile bool go = false, done = false;
  void tell() {
    local_id = reinterpret_cast<Word>(utcb_now());
    global_id = utcb_now()[-15];
    done = true;
  }
};
inline constinit Report report;

inline void body_faults(Word) {
  utcb_now()[-12] = test_thread.raw;
  report.value = object_at<volatile Word>(fault_address);
  utcb_now()[-12] = runner.raw;
  report.tell();
}
inline void body_raises(Word) {
  utcb_now()[-11] = test_thread.raw;
  __asm__ volatile("ud2" : : : "memory");
  utcb_now()[-11] = runner.raw;
  report.tell();
}
inline void body_sends(Word) {
  if (send(test_thread, 44).failed()) report.error = error_now();
  report.tell();
}
inline void body_sleeps(Word) {
  l4::Words m;
  l4::ipc_words(l4::ThreadId::nil(), l4::ThreadId(utcb_now()[-15]), {timeouts(0, 2'000'000)}, m);
  report.error = error_now();
  report.tell();
}
// Runs with something in an SSE register until it may go on.
inline void body_computes(Word) {
  Word value = 0x1234'5678'9abc'def0;
  __asm__ volatile("movq %0, %%xmm3" : : "r"(value));
  while (!report.go) report.count = report.count + 1;
  __asm__ volatile("movq %%xmm3, %0" : "=r"(value));
  report.value = value;
  report.tell();
}

// A space in which all of the program is mapped, by a thread that sleeps there.
inline l4::ThreadId make_host() {
  const l4::ThreadId host = spawn_task([](Word) { touch_program(); });
  require(finishes(host), "the host");
  return host;
}

inline void clear_report() {
  Report& r = report;
  for (volatile Word* word : {&r.error, &r.local_id, &r.global_id, &r.value, &r.count}) *word = 0;
  report.go = false;
  report.done = false;
}
inline l4::ThreadId begin(Body body) {
  clear_report();
  return spawn_task(body);
}
inline bool reported() {
  return eventually([] { return report.done; });
}

// The fault of body_faults, and the answer to it.
inline void expect_fault(l4::ThreadId from, Location at = Location::current()) {
  l4::Words m;
  l4::ipc_words(l4::ThreadId::nil(), from, {timeouts(0, 1'000'000)}, m);
  expect_eq(m[0], read_fault, "the fault", at);
  expect_eq(m[1], fault_address, "its address", at);
}
alignas(4096) inline constinit Word fault_page[512] = {4711};
inline l4::Tag answer_fault(l4::ThreadId to) {
  const l4::Fpage page = l4::Fpage::page(address_of(fault_page), l4::full_access);
  const L4_MapItem_t item = L4_MapItem(page, fault_address);
  l4::Words m(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  return l4::send_words(to, m, {send_zero});
}
// The exception of body_raises; the answer goes on behind its instruction.
inline void expect_exception(l4::ThreadId from, Location at = Location::current()) {
  Frame f = marked_frame();
  const l4::Tag tag = ipc(f, l4::ThreadId::nil(), from, timeouts(0, 1'000'000), l4::Tag{});
  expect_eq(tag.raw, exception_tag, "the exception", at);
  report.value = mr(f, 1);
}
inline l4::Tag answer_exception(l4::ThreadId to) {
  l4::Words m(l4::Tag::make(0, 1), report.value + 2);
  return l4::send_words(to, m, {send_zero});
}

}  // namespace guest
