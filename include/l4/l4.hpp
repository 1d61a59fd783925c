// SPDX-License-Identifier: MIT
// A thin C++20 layer over the interface of the manual: typed ids, flexpages, tags
// and messages, and Ipc whose first eight message registers stay in processor
// registers. All of it is inlined; nothing allocates and nothing throws.
#pragma once

#include "ipc.h"
#include "kip.h"
#include "schedule.h"
#include "sigma0.h"
#include "space.h"
#include "thread.h"

namespace l4 {

using Word = L4_Word_t;

// A thread's id, global or local. Converts to and from the type of the C interface.
struct ThreadId {
  Word raw = 0;

  constexpr ThreadId() = default;
  constexpr explicit ThreadId(Word word) : raw(word) {}
  constexpr ThreadId(L4_ThreadId_t id) : raw(id.raw) {}
  constexpr operator L4_ThreadId_t() const { return L4_ThreadId_t{.raw = raw}; }

  static constexpr ThreadId nil() { return ThreadId(0); }
  static constexpr ThreadId any() { return ThreadId(~Word{0}); }
  static constexpr ThreadId any_local() { return ThreadId(~Word{0x3f}); }
  // number and version as for L4_GlobalId.
  static constexpr ThreadId global(Word number, Word version) {
    return ThreadId(number << 32 | (version & 0xffff'ffff));
  }
  // The calling thread, as the others know it.
  static ThreadId self() { return L4_MyGlobalId(); }

  constexpr bool operator==(const ThreadId&) const = default;
  constexpr bool is_nil() const { return raw == 0; }
  constexpr bool is_local() const { return raw != 0 && (raw & 0x3f) == 0; }
  constexpr Word number() const { return raw >> 32; }
  constexpr Word version() const { return raw & 0xffff'ffff; }
};

// Access rights of pages; the bits of L4_Readable and so on.
struct Rights {
  Word raw = 0;
  constexpr bool operator==(const Rights&) const = default;
  constexpr Rights operator|(Rights o) const { return {raw | o.raw}; }
  constexpr bool has(Rights o) const { return (raw & o.raw) == o.raw; }
};
inline constexpr Rights no_access{0}, execute{1}, write{2}, read{4};
inline constexpr Rights read_write{6}, read_execute{5}, full_access{7};

// A flexpage of memory or of I/O ports.
struct Fpage {
  Word raw = 0;

  constexpr Fpage() = default;
  constexpr explicit Fpage(Word word) : raw(word) {}
  constexpr Fpage(L4_Fpage_t f) : raw(f.raw) {}
  constexpr operator L4_Fpage_t() const { return L4_Fpage_t{.raw = raw}; }

  static constexpr Fpage nil() { return Fpage(0); }
  static constexpr Fpage complete() { return Fpage(0x10); }
  // 2^order bytes around the address; order 12 .. 47.
  static constexpr Fpage memory(Word address, unsigned order, Rights rights = no_access) {
    return Fpage((address & ~((Word{1} << order) - 1) & ~Word{0x3ff}) | Word{order} << 4 | rights.raw);
  }
  // The 4 KiB around the address.
  static constexpr Fpage page(Word address, Rights rights = no_access) { return memory(address, 12, rights); }
  // 2^order ports around the port; order 0 .. 16.
  static constexpr Fpage io(Word port, unsigned order, Rights rights = read_write) {
    return Fpage((port & ~((Word{1} << order) - 1)) << 16 | Word{order} << 10 | 2u << 4 | rights.raw);
  }

  constexpr bool operator==(const Fpage&) const = default;
  constexpr bool is_nil() const { return (raw & ~Word{0xf}) == 0; }
  constexpr bool is_io() const { return size_field() == 2; }
  constexpr bool is_complete() const { return size_field() == 1; }
  constexpr unsigned size_field() const { return static_cast<unsigned>(raw >> 4 & 0x3f); }
  // log2 of the number of bytes or ports; 47 for the complete space.
  constexpr unsigned order() const {
    if (is_io()) return static_cast<unsigned>(raw >> 10 & 0x3f);
    return is_complete() ? 47 : size_field();
  }
  // First byte or port.
  constexpr Word base() const {
    if (is_complete()) return 0;
    const Word start = is_io() ? raw >> 16 & 0xffff : raw & ~Word{0x3ff};
    return start & ~((Word{1} << order()) - 1);
  }
  constexpr Rights rights() const { return {raw & 7}; }
  constexpr Fpage with(Rights rights) const { return Fpage((raw & ~Word{7}) | rights.raw); }
};

// Message register 0.
struct Tag {
  Word raw = 0;

  static constexpr Tag make(long label, unsigned untyped, unsigned typed = 0) {
    return {static_cast<Word>(label) << 16 | Word{typed} << 6 | untyped};
  }
  constexpr bool operator==(const Tag&) const = default;
  constexpr long label() const { return static_cast<long>(raw) >> 16; }
  constexpr unsigned untyped() const { return static_cast<unsigned>(raw & 0x3f); }
  constexpr unsigned typed() const { return static_cast<unsigned>(raw >> 6 & 0x3f); }
  constexpr bool failed() const { return (raw & 0x8000) != 0; }
  constexpr bool ok() const { return !failed(); }
  // Is the label that of a kernel message, whatever its four bits of detail?
  constexpr bool is(long kernel_label) const { return (label() & ~0xfL) == kernel_label; }
};

// Why an Ipc failed: the word L4_ErrorCode(), whose codes ipc.h explains.
struct IpcError {
  Word raw = 0;
  static IpcError last() { return {L4_ErrorCode()}; }
  constexpr Word code() const { return raw >> 1 & 7; }
  constexpr bool in_receive() const { return (raw & 1) != 0; }
};

// The two timeouts of an Ipc; without arguments both never come.
struct Timeouts {
  Word raw = 0;
  static constexpr Timeouts never() { return {0}; }
  static constexpr Timeouts reply() { return {0x400u << 16}; }  // send at once or not at all
  static constexpr Timeouts poll() { return {0x400u << 16 | 0x400u}; }
};

// The first eight message registers as values. A local variable of this type costs
// nothing: its words live in the registers in which the message travels. Words
// above the count of the tag are whatever they were at the sender.
struct Words {
  Word mr[8] = {};

  Words() = default;
  template <typename... W>
  explicit Words(Tag tag, W... words) : mr{tag.raw, static_cast<Word>(words)...} {
    static_assert(sizeof...(W) <= 7);
  }
  Tag tag() const { return {mr[0]}; }
  void set_tag(Tag tag) { mr[0] = tag.raw; }
  Word& operator[](unsigned n) { return mr[n]; }
  Word operator[](unsigned n) const { return mr[n]; }
};

// ipc_words: one Ipc of register words, in and out; arguments as L4_Ipc. The result
// is the sender. If m.tag().failed(), IpcError::last() says why.
[[gnu::always_inline]] inline ThreadId ipc_words(ThreadId to, ThreadId from, Timeouts timeouts, Words& m) {
  return ThreadId(l4_ipc_registers(to.raw, from.raw, timeouts.raw, m.mr));
}

// call_words: sends m to the thread and waits for its answer, which replaces m.
[[gnu::always_inline]] inline Tag call_words(ThreadId to, Words& m, Timeouts timeouts = Timeouts::never()) {
  ipc_words(to, to, timeouts, m);
  return m.tag();
}

// send_words: sends m and does not wait for an answer.
[[gnu::always_inline]] inline Tag send_words(ThreadId to, Words& m, Timeouts timeouts = Timeouts::never()) {
  ipc_words(to, ThreadId::nil(), timeouts, m);
  return m.tag();
}

// wait_words: takes a message from anybody. The result is the sender.
[[gnu::always_inline]] inline ThreadId wait_words(Words& m) {
  return ipc_words(ThreadId::nil(), ThreadId::any(), Timeouts::never(), m);
}

// reply_and_wait_words: answers with m and takes the next message. As with the
// manual's L4_ReplyWait, a partner that does not wait for the answer makes
// m.tag() failed(), and nothing is received; then call wait_words.
[[gnu::always_inline]] inline ThreadId reply_and_wait_words(ThreadId to, Words& m,
                                                            Timeouts timeouts = Timeouts::reply()) {
  return ipc_words(to, ThreadId::any(), timeouts, m);
}

// A message of up to 63 words with typed items, built in ordinary memory.
class Message {
 public:
  Message() { L4_MsgClear(&msg_); }
  explicit Message(long label) { L4_MsgPut(&msg_, static_cast<Word>(label), 0, nullptr, 0, nullptr); }

  Message& word(Word w) {
    L4_MsgAppendWord(&msg_, w);
    return *this;
  }
  // Map or grant the sender's flexpage; base as for L4_MapItem.
  Message& map(Fpage f, Word base) {
    L4_MsgAppendMapItem(&msg_, L4_MapItem(f, base));
    return *this;
  }
  Message& grant(Fpage f, Word base) {
    L4_MsgAppendGrantItem(&msg_, L4_GrantItem(f, base));
    return *this;
  }

  Tag tag() const { return {msg_.raw[0]}; }
  Word operator[](unsigned n) const { return msg_.raw[n]; }
  // To and from the message registers.
  void load() const { L4_MsgLoad(&msg_); }
  void store(Tag tag) { L4_MsgStore(L4_MsgTag_t{.raw = tag.raw}, &msg_); }

 private:
  L4_Msg_t msg_;
};

}  // namespace l4
