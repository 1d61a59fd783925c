// SPDX-License-Identifier: MIT
// A server: the loop that takes requests, checks them and calls a handler for each.
//
//   struct CounterServer {
//     using Interface = Counter;
//     struct Session { Word sum = 0; };        // of each client task; may be missing
//     mica::Result<Word> handle(Counter::add, mica::Client<Session>& client, Word n) {
//       return client.session->sum += n;
//     }
//     mica::Result<void> handle(Counter::reset, mica::Client<Session>& client);
//   };
//   int main() { static constinit CounterServer s; mica::serve(s, "counter"); }
//
// A request is refused, for its sender alone, when the number is unknown (no_operation), its
// length or items are not the operation's (bad_message), the root server does not admit
// the client to this service (denied), or no session is free (no_room). Handlers see
// only requests that have all their arguments. An answer goes to a client that
// waits for it or to nobody. A handler that has to wait returns Result<…>::later(), keeps
// client.thread, and calls mica::answer<Op>(thread, result) from a later one.
//
// Further members that a server may have:
//   void interrupt(l4::ThreadId source)   an interrupt message; the answer, which
//                                         lets the next one in, is sent after it
//   bool message(l4::ThreadId from, l4::Words&)   any other message (a page fault for a
//                                         pager): true if the Words are its answer
//   l4::Timeouts / void timeout()         see next_timeout below
//   std::span<std::byte> buffer()         where strings of requests arrive; string() of the client
//                                         then is what came
#pragma once

#include <l4/pagefault.h>

#include <utility>

#include "root.h"
#include "rpc.h"
#include "sessions.h"

namespace mica {

struct NoSession {};

// Who asks, during a handler.
template <typename S = NoSession>
struct Client {
  l4::ThreadId thread;                  // where answers go
  TaskId task;
  S* session = nullptr;
  std::span<const std::byte> string{};  // what came as a string with the request
};

namespace wire {

// What a server has met as a client of another one is no error of its own interface: to its
// client the other one is a device that fails.
inline void write_error(l4::Words& m, Error error) {
  const bool own = error > Error::none && error < Error::gone;
  m.set_tag(l4::Tag::make(static_cast<long>(own ? error : Error::device), 0));
}

template <typename Value>
[[gnu::always_inline]] inline void write_reply(l4::Words& m, const Result<Value>& result) {
  if (!result.ok()) [[unlikely]] return write_error(m, result.error());
  if constexpr (std::is_void_v<Value>) {
    m.set_tag(l4::Tag::make(0, 0));
  } else if constexpr (std::is_same_v<Value, Map>) {
    const l4::Fpage page = result->page;
    const Word base = result->base;
    m[1] = result->grant ? L4_GrantItem(page, base).raw[0] : L4_MapItem(page, base).raw[0];
    m[2] = page.raw;
    m.set_tag(l4::Tag::make(0, 0, 2));
  } else {
    Cursor out{m};
    out.put(*result);
    m.set_tag(l4::Tag::make(0, out.at - 1));
  }
}

// Puts a string item behind the words of a reply.
inline void append_string(l4::Words& m, std::span<const std::byte> bytes) {
  const l4::Tag tag = m.tag();
  Cursor item{m, 1 + tag.untyped()};
  item.put_word(static_cast<Word>(bytes.size()) << 10);
  item.put_word(reinterpret_cast<Word>(bytes.data()));
  m.set_tag(l4::Tag::make(tag.label(), tag.untyped(), 2));
}

template <typename Op, typename Server, typename C>
struct Invoke;

template <typename I, long N, typename R, typename... A, typename Server, typename C>
struct Invoke<Operation<I, N, R(A...)>, Server, C> {
  [[gnu::always_inline]] static Result<R> run(Server& server, C& client, l4::Words& m) {
    using Op = Operation<I, N, R(A...)>;
    const l4::Tag tag = m.tag();
    if constexpr (!Op::has_text) {
      if (tag.untyped() != Op::fixed_words) return Error::bad_message;
    }
    return take(server, client, m, std::make_index_sequence<sizeof...(A)>{}, std::remove_cvref_t<A>{}...);
  }
  template <std::size_t... Index, typename... V>
  [[gnu::always_inline]] static Result<R> take(Server& server, C& client, l4::Words& m, std::index_sequence<Index...>,
                                               V... values) {
    using Op = Operation<I, N, R(A...)>;
    Cursor in{m};
    const unsigned end = 1 + m.tag().untyped();
    if (!(true && ... && in.take(values, end)) || in.at != end) return Error::bad_message;
    return server.handle(Op{}, client, values...);
  }
};

// An answer that its client did not take at once. One to whom others send comes to wait for
// the answer only when it runs the next time: it gets the processor, and one more answer.
[[gnu::cold, gnu::noinline]] inline bool answer_again(l4::ThreadId client, l4::Words& m) {
  const l4::IpcError error = l4::IpcError::last();
  if (error.in_receive() || error.code() != 1) return false;
  L4_ThreadSwitch(client);
  const l4::Tag tag = m.tag();
  m.set_tag(l4::Tag::make(tag.label(), tag.untyped(), tag.typed()));
  return l4::send_words(client, m, l4::Timeouts::reply()).ok();
}

[[gnu::always_inline]] inline bool send_answer(l4::ThreadId client, l4::Words& m) {
  return l4::send_words(client, m, l4::Timeouts::reply()).ok() || answer_again(client, m);
}

}  // namespace wire

// answer: the late answer of an operation. False: the client did not wait for it.
template <typename Op>
bool answer(l4::ThreadId client, const Result<typename Op::Value>& result) {
  l4::Words m;
  wire::write_reply(m, result);
  return wire::send_answer(client, m);
}

// The same, with a string of bytes.
template <typename Op>
bool answer_with(l4::ThreadId client, const Result<typename Op::Value>& result, std::span<const std::byte> bytes) {
  l4::Words m;
  wire::write_reply(m, result);
  if (result.ok()) wire::append_string(m, bytes);
  return wire::send_answer(client, m);
}

template <typename Server>
class Loop {
 public:
  // Takes requests for ever.
  [[noreturn]] void run(Server& server) {
    server_ = &server;
    l4::Words m;
    l4::ThreadId from;
    bool reply = false;
    for (;;) {
      const l4::ThreadId client = reply ? from : l4::ThreadId::nil();
      const l4::Timeouts until = reply ? timeouts_beside(m) : timeouts();
      open_buffer();
      from = l4::ipc_words(client, l4::ThreadId::any(), until, m);
      const l4::Tag tag = m.tag();
      if (tag.failed()) [[unlikely]] {
        if (reply) (void)wire::answer_again(client, m);
        reply = false;
        if constexpr (requires { server_->timeout(); }) {
          const l4::IpcError error = l4::IpcError::last();
          if (error.in_receive() && error.code() == 1) server_->timeout();
        }
        continue;
      }
      reply = dispatch(from, m);
    }
  }

  // Replaces the request in m by its answer; false if there is none now.
  [[gnu::always_inline]] bool dispatch(l4::ThreadId from, l4::Words& m) {
    const l4::Tag tag = m.tag();
    if (static_cast<unsigned long>(tag.label()) >> 8 == static_cast<unsigned long>(Interface::id)) [[likely]] {
      return request(typename Interface::Operations{}, from, m);
    }
    return other(from, m);
  }

 private:
  using Interface = typename Server::Interface;
  static constexpr bool has_sessions = requires { typename Server::Session; };
  static constexpr bool has_buffer = requires(Server& s) { s.buffer(); };

  template <typename S, bool>
  struct SessionOf { using Type = NoSession; };
  template <typename S>
  struct SessionOf<S, true> { using Type = typename S::Session; };
  using Session = typename SessionOf<Server, has_sessions>::Type;

  l4::Timeouts timeouts() {
    if constexpr (requires { server_->next_timeout(); }) return server_->next_timeout();
    else return l4::Timeouts::reply();
  }

  // The same while an answer is there whose words from 8 on are in the UTCB, where what the
  // server does to find its timeout may send others.
  l4::Timeouts timeouts_beside(const l4::Words& answer) {
    if constexpr (requires { server_->next_timeout(); }) {
      const unsigned end = 1 + answer.tag().untyped() + answer.tag().typed();
      Word kept[message_words + 1];
      for (unsigned n = 8; n < end; ++n) kept[n] = l4_utcb()[n];
      const l4::Timeouts until = server_->next_timeout();
      for (unsigned n = 8; n < end; ++n) l4_utcb()[n] = kept[n];
      return until;
    } else {
      return l4::Timeouts::reply();
    }
  }

  // Before each wait: a handler that calls others with a window or a buffer of its own leaves
  // these closed.
  void open_buffer() {
    if constexpr (has_buffer) {
      const std::span<std::byte> buffer = server_->buffer();
      L4_Accept(L4_StringItemsAcceptor);
      L4_LoadBR(1, static_cast<Word>(buffer.size()) << 10);
      L4_LoadBR(2, reinterpret_cast<Word>(buffer.data()));
    }
  }

  template <typename... Op>
  [[gnu::always_inline]] bool request(Operations<Op...>, l4::ThreadId from, l4::Words& m) {
    if (from.is_local()) from = l4::ThreadId(L4_GlobalIdOf(from));
    Client<Session> client{from, TaskId::of(from)};
    if constexpr (has_sessions) {
      client.session = sessions_.find(client.task);
      if (client.session == nullptr) [[unlikely]] {
        const Result<Session*> opened = open(client.task);
        if (!opened) return wire::write_reply(m, Result<void>(opened.error())), true;
        client.session = *opened;
      }
    }
    if (m.tag().typed() != 0) [[unlikely]] {
      if (!take_string(client, m)) return wire::write_reply(m, Result<void>(Error::bad_message)), true;
    }
    bool answered = false;
    const long number = m.tag().label() & 0xff;
    const bool known = (false || ... || (number == Op::number && (answered = run<Op>(client, m), true)));
    if (!known) wire::write_reply(m, Result<void>(Error::no_operation));
    return !known || answered;
  }

  template <typename Op>
  [[gnu::always_inline]] bool run(Client<Session>& client, l4::Words& m) {
    const Result<typename Op::Value> result = wire::Invoke<Op, Server, Client<Session>>::run(*server_, client, m);
    if (result.is_later()) return false;
    wire::write_reply(m, result);
    if constexpr (requires { server_->reply_string(); }) {
      const std::span<const std::byte> bytes = server_->reply_string();
      if (result.ok() && !bytes.empty()) wire::append_string(m, bytes);
    }
    return true;
  }

  // One string item, into the buffer, or nothing.
  bool take_string(Client<Session>& client, const l4::Words& m) {
    if constexpr (!has_buffer) {
      return false;
    } else {
      const l4::Tag tag = m.tag();
      L4_Accept(L4_UntypedWordsAcceptor);  // while the handler reads it nobody else writes there
      if (tag.typed() != 2) return false;
      wire::Cursor in{const_cast<l4::Words&>(m), 1 + tag.untyped()};
      const Word item = in.take_word();
      const std::span<std::byte> buffer = server_->buffer();
      if (!wire::is_simple_string(item) || item >> 10 > buffer.size()) return false;
      client.string = {buffer.data(), item >> 10};
      return true;
    }
  }

  [[gnu::cold, gnu::noinline]] Result<Session*> open(TaskId task) {
    const Result<void> admitted = call<Root::admits>(root_server(), task);
    if (!admitted) return admitted.error();
    Session* const session = sessions_.open(task, [this](Session& old) {
      if constexpr (requires { server_->close(old); }) server_->close(old);
    });
    if (session == nullptr) return Error::no_room;
    return session;
  }

  [[gnu::noinline]] bool other(l4::ThreadId from, l4::Words& m) {
    if (from.number() < L4_ThreadIdSystemBase(kernel_page()) && !from.is_local()) {
      if constexpr (requires { server_->interrupt(from); }) {
        server_->interrupt(from);
        m.set_tag(l4::Tag::make(0, 0));
        return true;
      }
      return false;
    }
    if (m.tag().label() == ping_label) return false;  // taken: that is all it asks
    if constexpr (requires { server_->message(from, m); }) {
      if (server_->message(from, m)) return true;
    }
    // A call on an interface that this server has not.
    const bool is_request = m.tag().label() >= 0x2000;
    if (is_request) wire::write_reply(m, Result<void>(Error::no_operation));
    return is_request;
  }

  Server* server_ = nullptr;
  [[no_unique_address]] SessionTable<Session> sessions_{};
};

// serve: gives the server its names in the name service (none if empty) and runs its
// loop for ever. The names are those that the manifest says the task provides; another
// one is refused, and the program then ends.
template <typename Server>
[[noreturn]] void serve(Server& server, std::string_view name = {}) {
  static constinit Loop<Server> loop;
  if (!name.empty()) register_name(name);
  loop.run(server);
}

}  // namespace mica
