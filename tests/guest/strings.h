// SPDX-License-Identifier: MIT
// Messages with strings: two threads, one sends to the other, and the test may be
// the pager of either.
#pragma once

#include <initializer_list>

#include "messages.h"

namespace guest {

// First word of a string item or buffer: `pointers` pieces of `length` bytes each.
constexpr Word string_head(Word length, unsigned pointers = 1, bool continues = false) {
  return length << 10 | Word{continues} << 9 | Word{pointers - 1} << 4;
}
inline constexpr Word another_buffer = 1;  // of the first word of a buffer: one more follows

inline constexpr Word accepts_strings = 1;

// Error words of transfers.
constexpr Word transfer_error(Word code, bool in_receive, Word offset) { return offset << 4 | code << 1 | in_receive; }
inline constexpr Word code_overflow = 4, code_own_timeout = 5, code_partner_timeout = 6, code_aborted = 7;

// Memory of either side: in the program, where every space sees it, and, for those
// whose pager the test is, at an address where nothing is before it says so.
inline constexpr Word side_pages = 24, side_bytes = side_pages * 4096;
alignas(4096) inline std::byte source_memory[side_bytes], target_memory[side_bytes];
inline constexpr Word source_area = 0x31'0000'0000, target_area = 0x32'0000'0000;

inline Word source() { return reinterpret_cast<Word>(source_memory); }
inline Word target() { return reinterpret_cast<Word>(target_memory); }

inline void fill_source(Word seed = 1) {
  for (Word i = 0; i < side_bytes / 8; ++i)
    object_at<Word>(source() + i * 8) = (seed * 1000 + i) * 0x9e37'79b9'7f4a'7c15;
}
inline void clear_target() { __builtin_memset(target_memory, 0x5a, side_bytes); }
inline bool is_clear(Word address, Word bytes) {
  for (Word i = 0; i < bytes; ++i)
    if (object_at<std::byte>(address + i) != std::byte{0x5a}) return false;
  return true;
}
inline bool alike(Word a, Word b, Word bytes) {
  return __builtin_memcmp(reinterpret_cast<void*>(a), reinterpret_cast<void*>(b), bytes) == 0;
}
inline bool has_arrived(Word bytes, Word from_offset = 0, Word to_offset = 0) {
  return alike(source() + from_offset, target() + to_offset, bytes);
}

// What an Ipc has come to. error: the word ErrorCode, or 0.
struct Outcome {
  l4::Tag tag;
  Word error;
  l4::ThreadId from;
  Word mr[64];
};

struct Transfer {
  Pair pair;          // the server receives
  Word words[64];     // message registers of the sender
  Word buffers[33];   // buffer registers of the receiver
  unsigned used;      // buffer registers in use
  Word send_timeouts, send_limits, receive_limits;  // send_limits and receive_limits: XferTimeouts
  l4::ThreadId sender_pager, receiver_pager, wait_for;
  Outcome sent, received;

  void begin() {
    *this = {};
    buffers[0] = accepts_strings;
    used = 1;
    sender_pager = receiver_pager = runner;
    wait_for = l4::ThreadId::any();
  }
  l4::Tag tag() const { return {words[0]}; }
  unsigned end() const { return 1 + tag().untyped() + tag().typed(); }
  void word(Word w) {  // before all items
    const unsigned at = 1 + tag().untyped();
    for (unsigned i = end(); i > at; --i) words[i] = words[i - 1];
    words[at] = w;
    words[0] += 1;
  }
  void item(std::initializer_list<Word> item) {
    for (const Word w : item) words[end()] = w, words[0] += 1 << 6;
  }
  void string(Word address, Word length) { item({string_head(length), address}); }
  void buffer(std::initializer_list<Word> buffer) {
    for (const Word w : buffer) buffers[used++] = w;
  }
};
inline constinit Transfer transfer{};

inline void note_outcome(Outcome& o, L4_MsgTag_t tag, L4_ThreadId_t from) {
  o.error = L4_IpcFailed(tag) ? L4_ErrorCode() : 0;
  o.tag = {tag.raw};
  o.from = from;
  L4_StoreMRs(0, 64, o.mr);
  L4_Set_Pager(runner);
}
inline void send_strings(Word) {
  Transfer& t = transfer;
  touch_program();
  L4_Set_Pager(t.sender_pager);
  L4_Set_XferTimeouts(t.send_limits);
  L4_LoadMRs(0, 64, t.words);
  L4_ThreadId_t from;
  const L4_MsgTag_t tag = L4_Ipc(t.pair.server, L4_nilthread, t.send_timeouts, &from);
  note_outcome(t.sent, tag, from);
}
inline void receive_strings(Word) {
  Transfer& t = transfer;
  touch_program();
  L4_Set_Pager(t.receiver_pager);
  L4_Set_XferTimeouts(t.receive_limits);
  L4_LoadBRs(0, 33, t.buffers);
  L4_LoadMR(0, 0);
  L4_ThreadId_t from;
  const L4_MsgTag_t tag = L4_Ipc(L4_nilthread, t.wait_for, never, &from);
  note_outcome(t.received, tag, from);
}

enum class First { receiver, sender };

inline void forget_end() {
  slot_of(transfer.pair.server).finished = false;
  slot_of(transfer.pair.client).finished = false;
}

// Starts both sides, one of which waits for the other.
inline void start_transfer(First first = First::receiver) {
  const l4::ThreadId server = transfer.pair.server, client = transfer.pair.client;
  forget_end();
  if (first == First::receiver) {
    start(server, receive_strings, 0, runner);
    require(becomes(server, L4_SCHEDRESULT_WAITING), "the receiver waits");
    start(client, send_strings, 0, runner);
  } else {
    start(client, send_strings, 0, runner);
    require(becomes(client, L4_SCHEDRESULT_PENDING_SEND), "the sender waits");
    start(server, receive_strings, 0, runner);
  }
}
inline void expect_end(Location at = Location::current()) {
  if (!expect(finishes(transfer.pair.client), "the sender is done", at)) finish_test();
  if (!expect(finishes(transfer.pair.server), "the receiver is done", at)) finish_test();
}
inline void run_transfer(First first = First::receiver, Location at = Location::current()) {
  start_transfer(first);
  expect_end(at);
}
inline void end_pair() {
  end_thread(transfer.pair.client);
  end_thread(transfer.pair.server);
}

inline void expect_success(Location at = Location::current()) {
  expect_eq(transfer.sent.error, 0u, "the sender's error", at);
  expect_eq(transfer.received.error, 0u, "the receiver's error", at);
  expect_eq(transfer.received.tag.raw, transfer.words[0], "the tag", at);
}
// A failure that both sides see, with their tags.
inline void expect_both_failed(Word sender_code, Word receiver_code, Word offset,
                               Location at = Location::current()) {
  expect_eq(transfer.sent.error, transfer_error(sender_code, false, offset), "the sender's error", at);
  expect_eq(transfer.received.error, transfer_error(receiver_code, true, offset), "the receiver's error", at);
  expect_eq(transfer.sent.tag.raw, transfer.words[0] | 0x8000, "the sender's tag", at);
  expect_eq(transfer.received.tag.raw, transfer.words[0] | 0x8000, "the receiver's tag", at);
}

// --- The test as pager ---------------------------------------------------------------

struct StringFault {
  l4::ThreadId from;
  l4::Tag tag;
  Word address, ip;
  bool writes() const { return (tag.label() & 2) != 0; }
};

// The page of the test's memory that belongs to an address of one of the areas.
inline Word backing(Word address) {
  return address >= target_area ? target() + (address - target_area) : source() + (address - source_area);
}

inline bool is_done() { return finished(transfer.pair.client) && finished(transfer.pair.server); }

// The next fault of one of the two, or nothing when both are done.
inline bool next_fault(StringFault& fault, Word limit_us = 2'000'000) {
  for (const Word end = now() + limit_us; now() < end && !is_done();) {
    l4::Words m;
    const l4::ThreadId from = l4::ipc_words(l4::ThreadId::nil(), l4::ThreadId::any(), {timeouts(0, 300)}, m);
    if (m.tag().failed()) continue;
    fault = {from, m.tag(), m[1], m[2]};
    if (fault.from.is_local()) fault.from = L4_GlobalIdOf(from);
    return true;
  }
  return false;
}
// Answers a fault with one item.
inline l4::Tag answer_fault(const StringFault& fault, l4::Fpage page, Word base) {
  l4::Words m(l4::Tag::make(0, 0, 2), (base & ~Word{0x3ff}) | 8, page.raw);
  return l4::send_words(fault.from, m, {send_zero});
}
inline void answer_page(const StringFault& fault) {
  expect_ok(answer_fault(fault, l4::Fpage::page(backing(fault.address), l4::full_access), fault.address));
}
// Serves all faults by single pages until both are done; how many there were.
inline unsigned serve_faults() {
  unsigned count = 0;
  for (StringFault fault; next_fault(fault); ++count) answer_page(fault);
  return count;
}
// What the test has given to the areas goes away.
inline void empty_areas() {
  for (Word i = 0; i < side_bytes; i += 4096) {
    L4_UnmapFpage(l4::Fpage::page(source() + i, l4::full_access));
    L4_UnmapFpage(l4::Fpage::page(target() + i, l4::full_access));
  }
}

}  // namespace guest
