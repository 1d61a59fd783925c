// SPDX-License-Identifier: MIT
// The framework of include/mica, both sides: what a client makes of answers that are none, and
// what a server's loop leaves open while it waits.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <mica/server.h>

#include "harness/partner.h"

using mica::Error;
using mica::Result;
using mica::Word;
using mica::test::Ipc;
using mica::test::run_program;

namespace {

struct Pair {
  Word first, second;
};

struct Sample {
  static constexpr long id = 0x300;
  using none = mica::Operation<Sample, 0, void()>;
  using number = mica::Operation<Sample, 1, Word(Word)>;
  using pair = mica::Operation<Sample, 2, Pair()>;
  using text = mica::Operation<Sample, 3, mica::Text<20>()>;
  using pages = mica::Operation<Sample, 4, mica::Map(Word)>;
  using put = mica::Operation<Sample, 5, Word()>;
  using many = mica::Operation<Sample, 6, mica::Text<200>()>;
  using Operations = mica::Operations<none, number, pair, text, pages, put, many>;
};

const l4::ThreadId server = l4::ThreadId::global(200, 3);
constexpr Word map_item = L4_ItemMap << 1, simple_string = 16 << 10, page = 0x5000'0c6;

// What the call gives when this is the answer.
template <typename Call>
Error error_of(Call&& call, l4::Tag tag, std::vector<Word> words) {
  Error error = Error::none;
  run_program(
      [&](Ipc& ipc) {
        CHECK(ipc.to == server);
        for (unsigned n = 1; n < 64; ++n) ipc.mr[n] = n <= words.size() ? words[n - 1] : 0x57a1e;
        ipc.mr[0] = tag.raw;
        ipc.sender = server;
        return true;
      },
      [&] { error = call().error(); });
  return error;
}

const auto call_none = [] { return mica::call<Sample::none>(server); };
const auto call_number = [] { return mica::call<Sample::number>(server, Word{7}); };
const auto call_pair = [] { return mica::call<Sample::pair>(server); };
const auto call_text = [] { return mica::call<Sample::text>(server); };
const auto call_pages = [] {
  return mica::map_call<Sample::pages>(server, mica::Window{l4::Fpage::page(0x1000)}, Word{1});
};
const auto call_put = [] {
  static std::byte buffer[32];
  return mica::call_into<Sample::put>(server, buffer);
};

using l4::Tag;

}  // namespace

TEST_CASE("rpc: an answer of the operation's form") {
  CHECK(error_of(call_none, Tag::make(0, 0), {}) == Error::none);
  CHECK(error_of(call_number, Tag::make(0, 1), {5}) == Error::none);
  CHECK(error_of(call_number, Tag{Tag::make(0, 1).raw | 0x7000}, {5}) == Error::none);  // how it came
  CHECK(error_of(call_pair, Tag::make(0, 2), {5, 6}) == Error::none);
  CHECK(error_of(call_text, Tag::make(0, 1), {0}) == Error::none);
  CHECK(error_of(call_text, Tag::make(0, 4), {20, 1, 2, 3}) == Error::none);
  CHECK(error_of(call_pages, Tag::make(0, 0, 2), {map_item, page}) == Error::none);
  CHECK(error_of(call_pages, Tag::make(0, 0, 2), {L4_ItemGrant << 1, page}) == Error::none);
  CHECK(error_of(call_put, Tag::make(0, 1, 2), {16, simple_string, 0}) == Error::none);
  CHECK(error_of(call_put, Tag::make(0, 1), {0}) == Error::none);
}

TEST_CASE("rpc: every other answer is an error, and nothing is taken from registers that were not sent") {
  const Tag too_short[] = {Tag::make(0, 0), Tag::make(0, 0, 2)};
  for (const Tag tag : too_short) {
    CHECK(error_of(call_number, tag, {map_item, page}) == Error::bad_reply);
    CHECK(error_of(call_pair, tag, {map_item, page}) == Error::bad_reply);
    CHECK(error_of(call_text, tag, {map_item, page}) == Error::bad_reply);
    CHECK(error_of(call_put, tag, {simple_string, 0}) == Error::bad_reply);
  }
  // Words or items that nobody asked for.
  CHECK(error_of(call_none, Tag::make(0, 1), {1}) == Error::bad_reply);
  CHECK(error_of(call_none, Tag::make(0, 0, 2), {simple_string, 0}) == Error::bad_reply);
  CHECK(error_of(call_number, Tag::make(0, 2), {1, 2}) == Error::bad_reply);
  CHECK(error_of(call_number, Tag::make(0, 1, 2), {1, simple_string, 0}) == Error::bad_reply);
  CHECK(error_of(call_pair, Tag::make(0, 1), {1}) == Error::bad_reply);
  CHECK(error_of(call_pair, Tag::make(0, 3), {1, 2, 3}) == Error::bad_reply);
  // Text that is longer than its place, than the message, or shorter than it.
  CHECK(error_of(call_text, Tag::make(0, 4), {21, 1, 2, 3}) == Error::bad_reply);
  CHECK(error_of(call_text, Tag::make(0, 3), {20, 1, 2}) == Error::bad_reply);
  CHECK(error_of(call_text, Tag::make(0, 3), {8, 1, 2}) == Error::bad_reply);
  CHECK(error_of(call_text, Tag::make(0, 2), {~Word{0}, 1}) == Error::bad_reply);
  CHECK(error_of(call_text, Tag::make(0, 1, 2), {0, simple_string, 0}) == Error::bad_reply);
  // Not one mapping.
  CHECK(error_of(call_pages, Tag::make(0, 0), {}) == Error::bad_reply);
  CHECK(error_of(call_pages, Tag::make(0, 1), {1}) == Error::bad_reply);
  CHECK(error_of(call_pages, Tag::make(0, 1, 2), {1, map_item, page}) == Error::bad_reply);
  CHECK(error_of(call_pages, Tag::make(0, 0, 2), {simple_string, 0}) == Error::bad_reply);
  CHECK(error_of(call_pages, Tag::make(0, 0, 4), {map_item, page, map_item, page}) == Error::bad_reply);
  // A string of another length than the value says, in pieces, or a mapping instead.
  CHECK(error_of(call_put, Tag::make(0, 1), {16}) == Error::bad_reply);
  CHECK(error_of(call_put, Tag::make(0, 1, 2), {17, simple_string, 0}) == Error::bad_reply);
  CHECK(error_of(call_put, Tag::make(0, 1, 2), {0, simple_string, 0}) == Error::bad_reply);
  CHECK(error_of(call_put, Tag::make(0, 1, 2), {33, Word{33} << 10, 0}) == Error::bad_reply);
  CHECK(error_of(call_put, Tag::make(0, 1, 2), {16, simple_string | 1 << 4, 0}) == Error::bad_reply);
  CHECK(error_of(call_put, Tag::make(0, 1, 2), {16, map_item, page}) == Error::bad_reply);
  CHECK(error_of(call_put, Tag::make(0, 1, 4), {16, simple_string, 0, simple_string, 0}) == Error::bad_reply);
}

TEST_CASE("rpc: an error is a label that a server may send, and nothing else") {
  CHECK(error_of(call_number, Tag::make(3, 0), {}) == Error::denied);
  CHECK(error_of(call_none, Tag::make(11, 0), {}) == Error::device);
  CHECK(error_of(call_number, Tag::make(3, 1), {1}) == Error::bad_reply);
  CHECK(error_of(call_pages, Tag::make(3, 0, 2), {map_item, page}) == Error::bad_reply);
  for (const long label : {-1L, -2L, 20L, 21L, 22L, 1000L, 0x7fff'ffffL}) {
    CHECK(error_of(call_number, Tag::make(label, 0), {}) == Error::bad_reply);
    CHECK(error_of(call_none, Tag::make(label, 0), {}) == Error::bad_reply);
    CHECK_FALSE(Result<void>(error_of(call_none, Tag::make(label, 0), {})).is_later());
  }
}

TEST_CASE("rpc: why an Ipc failed") {
  const auto error_for = [](Word code, bool in_receive) {
    Error error = Error::none;
    run_program([&](Ipc& ipc) { return ipc.fail(code, in_receive), true; },
                [&] { error = mica::call<Sample::none>(server).error(); });
    return error;
  };
  for (const bool in_receive : {false, true}) {
    for (const int code : {L4_IpcTimeout, L4_IpcCancelled, L4_IpcXferTimeoutOwn, L4_IpcXferTimeoutPartner, L4_IpcAborted}) {
      CHECK(error_for(static_cast<Word>(code), in_receive) == Error::timeout);
    }
    CHECK(error_for(L4_IpcNoPartner, in_receive) == Error::gone);
  }
  CHECK(error_for(L4_IpcOverflow, false) == Error::bad_message);  // the server takes no such string
  CHECK(error_for(L4_IpcOverflow, true) == Error::bad_reply);
}

namespace {

const l4::ThreadId client = l4::ThreadId::global(300, 1);

struct Request {
  l4::Tag tag;
  std::vector<Word> words;
};
struct Answer {
  l4::Tag tag;
  std::vector<Word> words;  // all 63 message registers
};

Request request(long label, unsigned untyped, unsigned typed, std::vector<Word> words) {
  return {l4::Tag::make(label, untyped, typed), std::move(words)};
}

// Runs the server's loop on the requests of one client, each answered before the next one.
// wait(): looks at the state in which the server waits; nested(): plays what it calls itself.
template <typename Server>
std::vector<Answer> serve(Server& target, const std::vector<Request>& requests, const std::function<void()>& wait,
                          const std::function<void(Ipc&)>& nested) {
  std::vector<Answer> answers;
  std::size_t next = 0;
  const auto kernel = [&](Ipc& ipc) {
    if (ipc.from != l4::ThreadId::any()) return nested(ipc), true;
    if (ipc.to == client) answers.push_back({ipc.tag(), std::vector<Word>(ipc.mr, ipc.mr + 64)});
    wait();
    if (next == requests.size()) return false;
    const Request& request = requests[next++];
    for (unsigned n = 1; n < 64; ++n) ipc.mr[n] = n <= request.words.size() ? request.words[n - 1] : 0x57a1e;
    ipc.mr[0] = request.tag.raw;
    ipc.sender = client;
    return true;
  };
  run_program(kernel, [&] {
    static mica::Loop<Server> loop;
    loop.run(target);
  });
  return answers;
}

// Takes strings, and asks another server for pages and strings before it answers.
struct Borrower {
  using Interface = Sample;
  static constexpr bool admits_all = true;  // nobody is there to be asked
  std::byte taken[64], fetched[32];
  std::size_t length = 0;

  std::span<std::byte> buffer() { return taken; }
  Result<void> handle(Sample::none, mica::Client<>& who) {
    length = who.string.size();
    return {};
  }
  Result<Word> handle(Sample::number, mica::Client<>&, Word n) { return mica::call<Sample::number>(server, n); }
  Result<Pair> handle(Sample::pair, mica::Client<>&) { return Error::timeout; }
  Result<mica::Text<20>> handle(Sample::text, mica::Client<>&) { return Error::gone; }
  Result<mica::Map> handle(Sample::pages, mica::Client<>&, Word n) {
    return mica::map_call<Sample::pages>(server, mica::Window{l4::Fpage::page(0x1000)}, n);
  }
  Result<Word> handle(Sample::put, mica::Client<>&) { return mica::call_into<Sample::put>(server, fetched); }
  Result<mica::Text<200>> handle(Sample::many, mica::Client<>&) { return mica::Text<200>("many"); }
};

}  // namespace

TEST_CASE("rpc: a server takes strings after it was a client itself, and none while it looks at one") {
  Borrower borrower;
  const auto is_open = [&] {
    CHECK(mica::test::control_register(L4_TCR_BR0) == L4_StringItemsAcceptor.raw);
    CHECK(mica::test::control_register(L4_TCR_BR0 - 1) == sizeof(borrower.taken) << 10);
    CHECK(mica::test::control_register(L4_TCR_BR0 - 2) == reinterpret_cast<Word>(borrower.taken));
  };
  Word accepted = 0;
  const auto nested = [&](Ipc& ipc) {
    accepted = mica::test::control_register(L4_TCR_BR0);
    const long label = ipc.tag().label();
    if (label == Sample::pages::label()) ipc.answer(l4::Tag::make(0, 0, 2), map_item, page);
    else if (label == Sample::put::label()) ipc.answer(l4::Tag::make(0, 1, 2), 16, simple_string, 0);
    else ipc.answer(l4::Tag::make(0, 1), 5);
  };
  auto answers = serve(borrower, {request(Sample::pages::label(), 1, 0, {1})}, is_open, nested);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].tag == l4::Tag::make(0, 0, 2));
  CHECK(accepted == 0x1000 + 0xc0);
  answers = serve(borrower, {request(Sample::put::label(), 0, 0, {})}, is_open, nested);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].words[1] == 16);
  // With a string of the client's in the buffer, nobody else may write there.
  answers = serve(borrower, {request(Sample::number::label(), 1, 2, {1, simple_string, 0}),
                             request(Sample::none::label(), 0, 2, {simple_string, 0})},
                  is_open, nested);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].tag == l4::Tag::make(0, 1));
  CHECK(accepted == 0);
  CHECK(answers[1].tag == l4::Tag::make(0, 0));
  CHECK(borrower.length == 16);
}

TEST_CASE("rpc: a request that is not the operation's is refused") {
  Borrower borrower;
  const auto refused = [&](Request wrong) {
    const auto answers = serve(borrower, {std::move(wrong)}, [] {}, [](Ipc&) { FAIL("a handler ran"); });
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].tag.untyped() + answers[0].tag.typed() == 0);
    return static_cast<Error>(answers[0].tag.label());
  };
  CHECK(refused(request(Sample::number::label(), 0, 0, {})) == Error::bad_message);
  CHECK(refused(request(Sample::number::label(), 2, 0, {1, 2})) == Error::bad_message);
  CHECK(refused(request(Sample::number::label(), 1, 2, {1, map_item, page})) == Error::bad_message);
  CHECK(refused(request(Sample::number::label(), 1, 4, {1, simple_string, 0, simple_string, 0})) == Error::bad_message);
  CHECK(refused(request(Sample::number::label(), 1, 2, {1, Word{65} << 10, 0})) == Error::bad_message);
  CHECK(refused(request(Sample::number::label(), 1, 2, {1, simple_string | 1 << 4, 0})) == Error::bad_message);
  CHECK(refused(request(Sample::number::label() + 100, 1, 0, {1})) == Error::no_operation);
}

TEST_CASE("rpc: what a server meets as a client is not told as an error of its own clients") {
  Borrower borrower;
  const auto answers = serve(borrower,
                             {request(Sample::pair::label(), 0, 0, {}), request(Sample::text::label(), 0, 0, {})}, [] {},
                             [](Ipc&) {});
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].tag == l4::Tag::make(static_cast<long>(Error::device), 0));
  CHECK(answers[1].tag == l4::Tag::make(static_cast<long>(Error::device), 0));
}

namespace {

// Sends messages of its own between an answer and the next wait.
struct Ticking {
  using Interface = Sample;
  static constexpr bool admits_all = true;  // nobody is there to be asked
  Result<mica::Text<200>> handle(Sample::many, mica::Client<>&) {
    return mica::Text<200>(std::string(200, 'm').c_str());
  }
  Result<void> handle(Sample::none, mica::Client<>&) { return {}; }
  Result<Word> handle(Sample::number, mica::Client<>&, Word) { return 0; }
  Result<Pair> handle(Sample::pair, mica::Client<>&) { return Pair{}; }
  Result<mica::Text<20>> handle(Sample::text, mica::Client<>&) { return mica::Text<20>(); }
  Result<mica::Map> handle(Sample::pages, mica::Client<>&, Word) { return Error::denied; }
  Result<Word> handle(Sample::put, mica::Client<>&) { return 0; }
  l4::Timeouts next_timeout() {
    (void)mica::answer<Sample::many>(server, mica::Text<200>(std::string(200, 'x').c_str()));
    return l4::Timeouts::reply();
  }
};

}  // namespace

TEST_CASE("rpc: a server waits with its window closed, whatever its handlers have opened") {
  struct Opener : Ticking {
    l4::Timeouts next_timeout() { return l4::Timeouts::reply(); }
    Result<void> handle(Sample::none, mica::Client<>&) {
      L4_Accept(L4_MapGrantItems(L4_CompleteAddressSpace));  // as L4_Sigma0_GetPage does
      return {};
    }
    using Ticking::handle;
  };
  Opener opener;
  unsigned waits = 0;
  const auto is_closed = [&] {
    CHECK(mica::test::control_register(L4_TCR_BR0) == L4_UntypedWordsAcceptor.raw);
    ++waits;
  };
  (void)serve(opener, {request(Sample::none::label(), 0, 0, {}), request(Sample::none::label(), 0, 0, {})}, is_closed,
              [](Ipc&) {});
  CHECK(waits == 3);
}

TEST_CASE("rpc: a long answer arrives as it was given, whatever the server sends before its next wait") {
  Ticking ticking;
  const auto answers = serve(ticking, {request(Sample::many::label(), 0, 0, {})}, [] {}, [](Ipc& ipc) { ipc.mr[0] = 0; });
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].tag == l4::Tag::make(0, 26));
  CHECK(answers[0].words[1] == 200);
  for (unsigned n = 2; n <= 26; ++n) CHECK(answers[0].words[n] == 0x6d6d'6d6d'6d6d'6d6d);
}
