// SPDX-License-Identifier: MIT
// Ipc with all registers in view, and the four ways in which two partners can
// lie to each other: each takes another way through the kernel.
#pragma once

#include "frame.h"
#include "threads.h"

namespace guest {

// Message register i (0 .. 7) of a frame.
inline Word& mr(Frame& f, unsigned i) {
  Word* const registers[] = {&f.r9, &f.rax, &f.rbx, &f.r10, &f.r12, &f.r13, &f.r14, &f.r15};
  return *registers[i];
}

inline constexpr Word never = 0, send_zero = 0x400u << 16, receive_zero = 0x400, both_zero = 0x400'0400;
inline Word timeouts(l4::Word send_us, l4::Word receive_us) {
  return L4_Timeouts(L4_TimePeriod(send_us), L4_TimePeriod(receive_us));
}

// An Ipc whose registers are those of the frame, but for the arguments. Checks that
// no kernel value is in any register afterwards. Returns the tag.
inline l4::Tag ipc(Frame& f, l4::ThreadId to, l4::ThreadId from, Word timeout, l4::Tag tag,
                   Word link = l4_links.ipc, Location at = Location::current()) {
  f.rsi = to.raw;
  f.rdx = from.raw;
  f.r8 = timeout;
  f.r9 = tag.raw;
  f.rdi = reinterpret_cast<Word>(l4_utcb());
  guest_call(f, link);
  expect_eq(f.rdi, reinterpret_cast<Word>(l4_utcb()), "RDI after Ipc", at);
  Frame without_special_ids = f;
  if (to.is_nil() || from.is_nil() || l4::Tag{f.r9}.failed()) without_special_ids.rsi = 0;
  if (f.rdx == from.raw) without_special_ids.rdx = 0;
  without_special_ids.r9 = 0;
  expect_no_kernel_value(without_special_ids, "Ipc", at);
  return {f.r9};
}
inline l4::ThreadId sender(const Frame& f) { return l4::ThreadId(f.rsi); }

// Short forms without contents.
inline l4::Tag send(l4::ThreadId to, long label, Word timeout = never) {
  l4::Words m(l4::Tag::make(label, 0));
  return l4::send_words(to, m, {timeout});
}
struct Received {
  l4::Tag tag;
  l4::ThreadId from;
};
inline Received receive(l4::ThreadId from = l4::ThreadId::any(), Word timeout = never) {
  l4::Words m;
  const l4::ThreadId sender = l4::ipc_words(l4::ThreadId::nil(), from, {timeout}, m);
  return {m.tag(), sender};
}
inline Received call(l4::ThreadId to, long label, Word timeout = never) {
  l4::Words m(l4::Tag::make(label, 0));
  const l4::ThreadId sender = l4::ipc_words(to, to, {timeout}, m);
  return {m.tag(), sender};
}
inline Received reply_wait(l4::ThreadId to, long label, Word timeout = send_zero) {
  l4::Words m(l4::Tag::make(label, 0));
  const l4::ThreadId sender = l4::ipc_words(to, l4::ThreadId::any(), {timeout}, m);
  return {m.tag(), sender};
}

// The word L4_ErrorCode() of a failed Ipc.
inline constexpr Word send_timeout = 2, receive_timeout = 3, send_no_partner = 4, receive_no_partner = 5,
                      send_cancelled = 6, receive_cancelled = 7, send_overflow = 8, receive_overflow = 9;

inline void expect_failed(l4::Tag tag, Word error, Location at = Location::current()) {
  const Word code = L4_ErrorCode();
  if (expect(tag.failed(), "it should have failed", at)) expect_eq(code, error, "error code", at);
}
inline void expect_ok(l4::Tag tag, Location at = Location::current()) {
  const Word code = L4_ErrorCode();
  if (tag.failed()) expect_eq(code, 0u, "it should not have failed", at);
}

// Where two partners live.
enum class Places { both_root, root_and_task, one_task, two_tasks };
inline constexpr Places all_places[] = {Places::both_root, Places::root_and_task, Places::one_task,
                                        Places::two_tasks};
struct Pair {
  l4::ThreadId server, client;
};
// Neither has been started.
inline Pair make_pair(Places places, Options server = {}, Options client = {}) {
  switch (places) {
    case Places::both_root: return {make_thread(server), make_thread(client)};
    case Places::root_and_task: return {make_thread(server), make_task(client)};
    case Places::two_tasks: return {make_task(server), make_task(client)};
    case Places::one_task: break;
  }
  const l4::ThreadId task = make_task(server);
  return {task, make_sibling(task, client)};
}
inline bool one_space(Places places) { return places == Places::both_root || places == Places::one_task; }

}  // namespace guest
