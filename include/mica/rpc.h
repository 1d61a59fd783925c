// SPDX-License-Identifier: MIT
// Calls to servers. An interface is a struct of operations; an operation is its number and
// the types of its arguments and its result:
//
//   struct Counter {
//     static constexpr long id = 0x200;                       // of the interface: 0x20 .. 0x7fff
//     using add   = mica::Operation<Counter, 0, Word(Word)>;
//     using reset = mica::Operation<Counter, 1, void()>;
//     using Operations = mica::Operations<add, reset>;
//   };
//
//   const mica::Result<Word> sum = mica::call<Counter::add>(server, 5);      // client
//   mica::Result<Word> handle(Counter::add, mica::Client&, Word n);          // server (server.h)
//
// The request's label is id << 8 | number, its words the arguments as wire.h lays them;
// the reply's label is the Error, its words the result. Bulk data travels as one string
// item, by call_with (strings of the request) and StringBuffer (of the reply).
// Nothing allocates. Enums, integers, ids, flexpages, Text and plain structs are values.
#pragma once

#include "wire.h"

namespace mica {

template <typename Interface, long Number, typename Signature>
struct Operation;

template <typename I, long Number, typename R, typename... A>
struct Operation<I, Number, R(A...)> {
  static_assert(Number >= 0 && Number < 256);
  static constexpr long number = Number;
  static constexpr long label() { return I::id << 8 | Number; }
  using Interface = I;
  using Value = R;
  static constexpr bool maps = std::is_same_v<R, Map>;
  static constexpr unsigned fixed_words = (0 + ... + wire::fixed_words<std::remove_cvref_t<A>>);
  static constexpr bool has_text = (false || ... || wire::is_text<A>);
  static_assert(fixed_words <= message_words);

  // Client: lays down the request and returns the number of its words.
  [[gnu::always_inline]] static unsigned write_arguments(l4::Words& m, const A&... values) {
    wire::Cursor out{m};
    (out.put(values), ...);
    return out.at - 1;
  }
};

template <typename... Op>
struct Operations {};

// The caller's side of a Map: where pages may arrive. The whole window is opened.
struct Window {
  l4::Fpage fpage;
};

namespace wire {

inline Error ipc_error() {
  const l4::IpcError error = l4::IpcError::last();
  switch (error.code()) {
    case L4_IpcTimeout:
    case L4_IpcCancelled:
    case L4_IpcXferTimeoutOwn:
    case L4_IpcXferTimeoutPartner:
    case L4_IpcAborted: return Error::timeout;
    case L4_IpcOverflow: return error.in_receive() ? Error::bad_reply : Error::bad_message;
    default: return Error::gone;
  }
}

// The first word of a typed item: is it a string in one piece?
constexpr bool is_simple_string(Word item) { return (item & 8) == 0 && (item >> 4 & 0x3f) == 0; }

// Why the reply is not of the operation's form: an error of the server's, which is a label and
// nothing else, or what no server of the framework sends. None: it is, but for the tag's flags,
// which say how it came.
[[gnu::cold, gnu::noinline]] inline Error reply_error(l4::Tag tag, l4::Tag form) {
  if (tag.failed()) return ipc_error();
  tag.raw &= ~Word{0x7000};
  if (tag == form) return Error::none;
  const bool is_error = tag.label() > 0 && tag.label() < static_cast<long>(Error::gone);
  return is_error && tag.untyped() + tag.typed() == 0 ? static_cast<Error>(tag.label()) : Error::bad_reply;
}

[[gnu::always_inline]] inline Error check_reply(l4::Tag tag, l4::Tag form) {
  return tag == form ? Error::none : reply_error(tag, form);
}

// `typed`: words of typed items behind the value, which the caller looks at.
template <typename Value>
[[gnu::always_inline]] inline Result<Value> read_reply(l4::Words& m, unsigned typed = 0) {
  const l4::Tag tag = m.tag();
  if constexpr (std::is_void_v<Value>) {
    return check_reply(tag, l4::Tag::make(0, 0, typed));
  } else if constexpr (std::is_same_v<Value, Map>) {
    // What was mapped is told by the item, as the server wrote it.
    const Error error = check_reply(tag, l4::Tag::make(0, 0, 2));
    if (error != Error::none) [[unlikely]] return error;
    const Word kind = m[1] >> 1 & 7;
    if (kind != L4_ItemMap && kind != L4_ItemGrant) [[unlikely]] return Error::bad_reply;
    return Map{l4::Fpage(m[2]), m[1] & ~Word{0x3ff}, kind == L4_ItemGrant};
  } else {
    const unsigned words = is_text<Value> ? tag.untyped() : fixed_words<Value>;
    const Error error = check_reply(tag, l4::Tag::make(0, words, typed));
    if (error != Error::none) [[unlikely]] return error;
    Value value{};
    Cursor in{m};
    if (!in.take(value, 1 + words) || in.at != 1 + words) [[unlikely]] return Error::bad_reply;
    return value;
  }
}

}  // namespace wire

// call: asks the server and waits for its answer. Errors: the server's; gone (there is no such
// thread any more); timeout, also when somebody ends the wait; bad_message, if the server takes no
// such string; bad_reply: words, items or a label that are not the operation's.
template <typename Op, typename... A>
[[gnu::always_inline]] inline Result<typename Op::Value> call(l4::ThreadId server, const A&... arguments)
  requires(!Op::maps)
{
  l4::Words m;
  const unsigned words = Op::write_arguments(m, arguments...);
  m.set_tag(l4::Tag::make(Op::label(), words));
  l4::call_words(server, m);
  return wire::read_reply<typename Op::Value>(m);
}

// The same, with an end to the wait: `timeouts` as for l4::ipc_words.
template <typename Op, typename... A>
Result<typename Op::Value> call_within(l4::Timeouts timeouts, l4::ThreadId server, const A&... arguments) {
  l4::Words m;
  const unsigned words = Op::write_arguments(m, arguments...);
  m.set_tag(l4::Tag::make(Op::label(), words));
  l4::call_words(server, m, timeouts);
  return wire::read_reply<typename Op::Value>(m);
}

// An operation whose result is a Map: the server's pages arrive in the window.
template <typename Op, typename... A>
Result<Map> map_call(l4::ThreadId server, Window window, const A&... arguments)
  requires(Op::maps)
{
  L4_Accept(L4_MapGrantItems(window.fpage));
  l4::Words m;
  const unsigned words = Op::write_arguments(m, arguments...);
  m.set_tag(l4::Tag::make(Op::label(), words));
  l4::call_words(server, m);
  L4_Accept(L4_UntypedWordsAcceptor);
  return wire::read_reply<Map>(m);
}

// Sends bytes (up to 4 MiB) along with the request, as one string item; the reply is words.
template <typename Op, typename... A>
Result<typename Op::Value> call_with(l4::ThreadId server, std::span<const std::byte> bytes, const A&... arguments) {
  l4::Words m;
  const unsigned words = Op::write_arguments(m, arguments...);
  wire::Cursor item{m, 1 + words};
  item.put_word(static_cast<Word>(bytes.size()) << 10);
  item.put_word(reinterpret_cast<Word>(bytes.data()));
  m.set_tag(l4::Tag::make(Op::label(), words, 2));
  l4::call_words(server, m);
  return wire::read_reply<typename Op::Value>(m);
}

// Takes bytes from the reply, as one string item, into `buffer` (up to 4 MiB). A value of type
// Word is their number, 0 without an item. Error bad_reply: more than the buffer holds, or
// another number than the value says.
template <typename Op, typename... A>
Result<typename Op::Value> call_into(l4::ThreadId server, std::span<std::byte> buffer, const A&... arguments) {
  static_assert(!std::is_void_v<typename Op::Value> && !Op::maps, "the value says how many bytes have come");
  L4_Accept(L4_StringItemsAcceptor);
  L4_LoadBR(1, static_cast<Word>(buffer.size()) << 10);
  L4_LoadBR(2, reinterpret_cast<Word>(buffer.data()));
  l4::Words m;
  const unsigned words = Op::write_arguments(m, arguments...);
  m.set_tag(l4::Tag::make(Op::label(), words));
  l4::call_words(server, m);
  L4_Accept(L4_UntypedWordsAcceptor);
  const bool has_string = m.tag().ok() && m.tag().typed() != 0;
  const auto result = wire::read_reply<typename Op::Value>(m, has_string ? 2 : 0);
  if (!result) return result;
  Word bytes = 0;
  if (has_string) {
    wire::Cursor in{m, 1 + m.tag().untyped()};
    const Word item = in.take_word();
    if (!wire::is_simple_string(item) || item >> 10 > buffer.size()) return Error::bad_reply;
    bytes = item >> 10;
  }
  if constexpr (std::is_same_v<typename Op::Value, Word>) {
    if (*result != bytes) return Error::bad_reply;
  }
  return result;
}

}  // namespace mica
