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
// the client to this service (denied; a server may say `static constexpr bool admits_all = true`),
// or no session is free (no_room). Handlers see
// only requests that have all their arguments. An answer goes to a client that
// waits for it or to nobody. A handler that has to wait returns Result<…>::later(), keeps
// client.thread, and calls mica::answer<Op>(thread, result) from a later one.
//
// Further members that a server may have:
//   void interrupt(l4::ThreadId source)   an interrupt message; the answer, which
//                                         lets the next one in, is sent after it
//   bool message(l4::ThreadId from, l4::Words&)   any other message (a page fault for a
//                                         pager): true if the Words are its answer
//   bool page_fault(l4::ThreadId from, Word address, Word access)   page faults before all other
//                                         messages; true if the thread can go on, and false
//                                         leaves this one to message()
//   l4::Timeouts / void timeout()         see next_timeout below
//   void arrived() / bool gives_way(l4::ThreadId to)   when a message has come, and when it was
//                                         handled; true: the answer does not hand the time slice
//                                         on, and its receiver comes behind others of its priority
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

// The tag of a request that is nothing but the operation's words; none of an operation with text.
template <typename Op>
inline constexpr l4::Tag plain_request = Op::has_text ? l4::Tag{} : l4::Tag::make(Op::label(), Op::fixed_words);

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

template <typename Op>
struct Arguments;

// The handler of an operation, called with the arguments in m.
template <typename I, long N, typename R, typename... A>
struct Arguments<Operation<I, N, R(A...)>> {
  using Op = Operation<I, N, R(A...)>;

  template <typename Server, typename C>
  [[gnu::always_inline]] static Result<R> pass(Server& server, C& client, l4::Words& m, unsigned words) {
    return take(server, client, m, 1 + words, std::remove_cvref_t<A>{}...);
  }
  template <typename Server, typename C, typename... V>
  [[gnu::always_inline]] static Result<R> take(Server& server, C& client, l4::Words& m, unsigned end, V... values) {
    Cursor in{m};
    if (!(true && ... && in.take(values, end)) || in.at != end) return Error::bad_message;
    return server.handle(Op{}, client, values...);
  }
};

}  // namespace wire

// answer: the late answer of an operation. False: the client did not wait for it.
template <typename Op>
bool answer(l4::ThreadId client, const Result<typename Op::Value>& result) {
  l4::Words m;
  wire::write_reply(m, result);
  return l4::send_words(client, m, l4::Timeouts::reply()).ok();
}

// The same, with a string of bytes.
template <typename Op>
bool answer_with(l4::ThreadId client, const Result<typename Op::Value>& result, std::span<const std::byte> bytes) {
  l4::Words m;
  wire::write_reply(m, result);
  if (result.ok()) wire::append_string(m, bytes);
  return l4::send_words(client, m, l4::Timeouts::reply()).ok();
}

// A request that is as long as its operation says and has no string goes from the registers in
// which it came to its handler; everything else takes rest(), which has the message in memory.
template <typename Server>
class Loop {
 public:
  // Takes requests for ever.
  [[noreturn]] void run(Server& server) {
    server_ = &server;
    l4::Words m;
    l4::ThreadId to;  // whom to answer; nil: nobody
    for (;;) {
      l4::ThreadId from = answer_and_wait(to, m);
      if constexpr (handles_faults) from = answer_faults(from, m);
      if constexpr (gives_way) server_->arrived();
      to = dispatch(typename Interface::Operations{}, from, m);
      if constexpr (gives_way) {
        if (!to.is_nil() && server_->gives_way(to)) {
          (void)l4::send_words(to, m, l4::Timeouts::reply());
          to = l4::ThreadId::nil();
        }
      }
    }
  }

 private:
  using Interface = typename Server::Interface;
  static constexpr bool has_session = requires { typename Server::Session; };
  static constexpr bool admits_all = requires { requires Server::admits_all; };
  // Without state of its own a session is a note that the task is admitted.
  static constexpr unsigned capacity = has_session ? 64 : 128;
  static constexpr bool gives_way = requires(Server& s, l4::ThreadId to) { s.gives_way(to); };
  static constexpr bool handles_faults = requires(Server& s, l4::ThreadId from, Word w) { s.page_fault(from, w, w); };
  static constexpr bool has_buffer = requires(Server& s) { s.buffer(); };

  template <typename S, bool>
  struct SessionOf { using Type = NoSession; };
  template <typename S>
  struct SessionOf<S, true> { using Type = typename S::Session; };
  using Session = typename SessionOf<Server, has_session>::Type;

  // While a long answer is there, its words from 8 on are kept: what the server does to find its
  // timeout may send others.
  [[gnu::always_inline]] l4::Timeouts next_timeout(l4::ThreadId to, const l4::Words& answer) {
    if constexpr (requires { server_->next_timeout(); }) {
      const unsigned end = to.is_nil() ? 0 : 1 + answer.tag().untyped() + answer.tag().typed();
      Word kept[message_words + 1];
      for (unsigned n = 8; n < end; ++n) kept[n] = l4_utcb()[n];
      const l4::Timeouts until = server_->next_timeout();
      for (unsigned n = 8; n < end; ++n) l4_utcb()[n] = kept[n];
      return until;
    } else {
      return l4::Timeouts::reply();
    }
  }

  // Before each wait, whatever the server has called meanwhile: a buffer that it has closed is open, and
  // a window that it has left open, by which anybody could map pages over its memory, is closed.
  [[gnu::always_inline]] void accept() {
    if constexpr (has_buffer) {
      const std::span<std::byte> buffer = server_->buffer();
      L4_Accept(L4_StringItemsAcceptor);
      L4_LoadBR(1, static_cast<Word>(buffer.size()) << 10);
      L4_LoadBR(2, reinterpret_cast<Word>(buffer.data()));
    } else {
      L4_Accept(L4_UntypedWordsAcceptor);
    }
  }

  // Sends the answer in m, unless `to` is nil, and has the next message in m. The result: whose.
  [[gnu::always_inline]] l4::ThreadId answer_and_wait(l4::ThreadId to, l4::Words& m) {
    const l4::Timeouts until = next_timeout(to, m);
    accept();
    return l4::ipc_words(to, l4::ThreadId::any(), until, m);
  }

  // Answers page faults until something else comes, which is in m then. Of a fault only the words
  // that it has are kept meanwhile, so that all stay in registers.
  [[gnu::always_inline]] l4::ThreadId answer_faults(l4::ThreadId from, l4::Words& m) {
    l4::Words message = m;
    while (L4_IsPageFault({.raw = message.tag().raw})) {
      const l4::Tag tag = message.tag();
      const Word address = message[1], ip = message[2];
      if (!server_->page_fault(from, address, L4_PageFaultAccess({.raw = tag.raw}))) [[unlikely]] {
        message = l4::Words(tag, address, ip);
        break;
      }
      message = l4::Words(l4::Tag::make(0, 0));
      from = answer_and_wait(from, message);
    }
    m = message;
    return from;
  }

  // Replaces what has come in m by its answer. The result: to whom it goes.
  template <typename... Op>
  [[gnu::always_inline]] l4::ThreadId dispatch(Operations<Op...> all, l4::ThreadId from, l4::Words& m) {
    if ((from.raw & 0x3f) != 0) [[likely]] {  // a global id
      Client<Session> client{from, TaskId::of(from)};
      bool known = true;
      if constexpr (!admits_all) known = (client.session = sessions_.find(from)) != nullptr;
      l4::ThreadId to;
      const bool done = known && (false || ... || (m.tag() == wire::plain_request<Op> &&
                                                   (to = handle<Op>(client, m, Op::fixed_words), true)));
      if (done) [[likely]] return to;
    }
    l4::Words copy = m;  // so that m itself stays in registers
    const l4::ThreadId to = rest(all, from, copy);
    m = copy;
    return to;
  }

  template <typename Op>
  [[gnu::always_inline]] l4::ThreadId handle(Client<Session> client, l4::Words& m, unsigned words) {
    const Result<typename Op::Value> result = wire::Arguments<Op>::pass(*server_, client, m, words);
    if (result.is_later()) return l4::ThreadId::nil();
    wire::write_reply(m, result);
    if constexpr (requires { server_->reply_string(); }) {
      const std::span<const std::byte> bytes = server_->reply_string();
      if (result.ok() && !bytes.empty()) wire::append_string(m, bytes);
    }
    return client.thread;
  }

  template <typename... Op>
  [[gnu::noinline]] l4::ThreadId rest(Operations<Op...>, l4::ThreadId from, l4::Words& m) {
    const l4::Tag tag = m.tag();
    if (tag.failed()) return after_failure(), l4::ThreadId::nil();
    if (tag.label() >> 8 != Interface::id) return other(from, m) ? from : l4::ThreadId::nil();
    if (from.is_local()) from = l4::ThreadId(L4_GlobalIdOf(from));
    Client<Session> client{from, TaskId::of(from)};
    Error refused = Error::none;
    if constexpr (!admits_all) {
      client.session = sessions_.find(from);
      if (client.session == nullptr) refused = open(client);
    }
    if (refused == Error::none && tag.typed() != 0 && !take_string(client, m)) refused = Error::bad_message;
    if (refused != Error::none) return wire::write_error(m, refused), from;
    l4::ThreadId to = from;
    if ((false || ... || ((tag.label() & 0xff) == Op::number && (to = handle<Op>(client, m, tag.untyped()), true)))) {
      return to;
    }
    return wire::write_error(m, Error::no_operation), from;
  }

  // The answer was not taken, or nothing came in time.
  [[gnu::cold]] void after_failure() {
    if constexpr (requires { server_->timeout(); }) {
      const l4::IpcError error = l4::IpcError::last();
      if (error.in_receive() && error.code() == L4_IpcTimeout) server_->timeout();
    }
  }

  // One string item, into the buffer, or nothing.
  bool take_string(Client<Session>& client, l4::Words& m) {
    if constexpr (!has_buffer) {
      return false;
    } else {
      L4_Accept(L4_UntypedWordsAcceptor);  // while the handler reads it nobody else writes there
      const l4::Tag tag = m.tag();
      if (tag.typed() != 2) return false;
      const Word item = wire::Cursor{m, 1 + tag.untyped()}.take_word();
      const std::span<std::byte> buffer = server_->buffer();
      if (!wire::is_simple_string(item) || item >> 10 > buffer.size()) return false;
      client.string = {buffer.data(), item >> 10};
      return true;
    }
  }

  [[gnu::cold, gnu::noinline]] Error open(Client<Session>& client) {
    if (client.task != this_task().task) {
      const Result<void> admitted = call<Root::admits>(root_server(), client.task);
      if (!admitted) return admitted.error();
    }
    client.session = sessions_.open(client.task, [this](Session& old) {
      if constexpr (requires { server_->close(old); }) server_->close(old);
    });
    return client.session != nullptr ? Error::none : Error::no_room;
  }

  bool other(l4::ThreadId from, l4::Words& m) {
    if (!from.is_local() && from.number() < L4_ThreadIdSystemBase(kernel_page())) {
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
    if (is_request) wire::write_error(m, Error::no_operation);
    return is_request;
  }

  Server* server_ = nullptr;
  [[no_unique_address]] std::conditional_t<admits_all, NoSession, SessionTable<Session, capacity>> sessions_{};
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
