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
    case 1:
    case 3:
    case 7: return Error::timeout;
    case 2: return Error::gone;
    case 4: return Error::bad_reply;
    default: return Error::gone;
  }
}

template <typename Value>
[[gnu::always_inline]] inline Result<Value> read_reply(l4::Words& m) {
  const l4::Tag tag = m.tag();
  if (tag.failed()) return ipc_error();
  if (tag.label() != 0) return static_cast<Error>(tag.label());
  if constexpr (std::is_void_v<Value>) {
    return {};
  } else if constexpr (std::is_same_v<Value, Map>) {
    // What was mapped is told by the item, as the server wrote it.
    if (tag.typed() != 2) return Error::bad_reply;
    Cursor in{m, 1 + tag.untyped()};
    const Word item = in.take_word(), page = in.take_word();
    return Map{l4::Fpage(page), item & ~Word{0x3ff}, (item & 2) != 0};
  } else {
    Value value{};
    Cursor in{m};
    if (!in.take(value, 1 + tag.untyped())) return Error::bad_reply;
    return value;
  }
}

}  // namespace wire

// call: asks the server and waits for its answer. Errors: the server's, and gone (there is
// no such thread any more), timeout, bad_reply.
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

// Takes bytes from the reply, as one string item, into `buffer`. The operation's value
// says how many have come. Error bad_reply: more than the buffer holds.
template <typename Op, typename... A>
Result<typename Op::Value> call_into(l4::ThreadId server, std::span<std::byte> buffer, const A&... arguments) {
  L4_Accept(L4_StringItemsAcceptor);
  L4_LoadBR(1, static_cast<Word>(buffer.size()) << 10);
  L4_LoadBR(2, reinterpret_cast<Word>(buffer.data()));
  auto result = call<Op>(server, arguments...);
  L4_Accept(L4_UntypedWordsAcceptor);
  return result;
}

}  // namespace mica
