// SPDX-License-Identifier: MIT
// Messages of untyped words (manual, chapter 5.1 and 5.6): every count, every word,
// in calls, sends and queued sends, between partners wherever they live.
#include "messages.h"

using namespace guest;

namespace {

constexpr Word request(Word round, unsigned i) { return 0x5000'0000 + round * 0x100 + i; }
constexpr Word answer(Word round, unsigned i) { return 0xa000'0000 + round * 0x100 + i; }
constexpr Word unused(unsigned i) { return 0x77'0000 + i; }

// The MRs of the running thread before a message: words to send up to `count`, marks
// above.
template <typename Value>
void prepare(Frame& f, unsigned count, Value value) {
  for (unsigned i = 1; i < 8; ++i) mr(f, i) = i <= count ? value(i) : unused(i);
  for (unsigned i = 8; i < 64; ++i) L4_LoadMR(static_cast<int>(i), i <= count ? value(i) : unused(i));
}
void prepare_to_receive(Frame& f) {
  prepare(f, 0, [](unsigned) { return Word{0}; });
}

// The message of `count` words has arrived. `own` is what the receiver's UTCB had
// before.
template <typename Value, typename Own>
void check(Frame& f, unsigned count, Value value, Own own, Location at = Location::current()) {
  for (unsigned i = 1; i < 8; ++i) {
    // Above the count the sender's registers come as they are.
    expect_eq(mr(f, i), i <= count ? value(i) : unused(i), "message register", at);
  }
  for (unsigned i = 8; i < 64; ++i) {
    Word word;
    L4_StoreMR(static_cast<int>(i), &word);
    if (!expect_eq(word, i <= count ? value(i) : own(i), "word of the UTCB", at)) break;
  }
}

struct Exchange {
  Places places;
  bool local_ids;  // the client names the server by its local id
  Pair pair;
  Word server_local, client_local;
  Word link;
  bool as_delivered;  // the server answers the id that it was given
};

// Round r: request of r words, answer of 63 - r words.
constexpr unsigned rounds = 64;

void serve(Word argument) {
  const Exchange& x = object_at<Exchange>(argument);
  Frame f = marked_frame();
  prepare_to_receive(f);
  l4::Tag tag = ipc(f, l4::ThreadId::nil(), l4::ThreadId::any(), never, {}, x.link);
  for (Word r = 0; r < rounds; ++r) {
    context("request of words:", r);
    const unsigned count = static_cast<unsigned>(r);
    expect_eq(tag.raw, l4::Tag::make(0x1000 + static_cast<long>(r), count).raw, "tag");
    expect_eq(sender(f).raw, one_space(x.places) ? x.client_local : x.pair.client.raw, "sender");
    check(
        f, count, [&](unsigned i) { return request(r, i); },
        [&](unsigned i) { return r == 0 || i > 64 - count ? unused(i) : answer(r - 1, i); });
    prepare(f, 63 - count, [&](unsigned i) { return answer(r, i); });
    const l4::ThreadId to = x.as_delivered ? sender(f) : x.pair.client;
    const l4::Tag reply = l4::Tag::make(0x2000 + static_cast<long>(r), 63 - count);
    tag = ipc(f, to, r + 1 < rounds ? l4::ThreadId::any() : l4::ThreadId::nil(), send_zero, reply, x.link);
    expect_ok(tag);
  }
}

void ask(Word argument) {
  const Exchange& x = object_at<Exchange>(argument);
  const l4::ThreadId server = x.local_ids ? l4::ThreadId(x.server_local) : x.pair.server;
  Frame f = marked_frame();
  for (Word r = 0; r < rounds; ++r) {
    context("answer of words:", 63 - r);
    const unsigned count = static_cast<unsigned>(r);
    prepare(f, count, [&](unsigned i) { return request(r, i); });
    const l4::Tag tag =
        ipc(f, server, server, never, l4::Tag::make(0x1000 + static_cast<long>(r), count), x.link);
    expect_eq(tag.raw, l4::Tag::make(0x2000 + static_cast<long>(r), 63 - count).raw, "tag");
    expect_eq(sender(f).raw, one_space(x.places) ? x.server_local : x.pair.server.raw, "sender");
    check(
        f, 63 - count, [&](unsigned i) { return answer(r, i); },
        [&](unsigned i) { return i <= count ? request(r, i) : unused(i); });
  }
  context("");
}

void run_exchange(Places places, bool local_ids, bool as_delivered, Word link = l4_links.ipc) {
  static Exchange x;
  x = {places, local_ids, make_pair(places), 0, 0, link, as_delivered};
  x.server_local = utcb_at(slot_of(x.pair.server).utcb) + 0x200;
  x.client_local = utcb_at(slot_of(x.pair.client).utcb) + 0x200;
  start(x.pair.server, serve, address_of(x), runner);
  require(becomes(x.pair.server, L4_SCHEDRESULT_WAITING), "server waits");
  start(x.pair.client, ask, address_of(x), runner);
  require(finishes(x.pair.client), "client is done");
  expect(finishes(x.pair.server), "server is done");
}

}  // namespace

TEST("call and reply-and-wait inside the root task's space: 0 to 63 words") {
  run_exchange(Places::both_root, false, false);
}
TEST("the same by local ids, and to the ids as delivered") { run_exchange(Places::both_root, true, true); }
TEST("call between the root task and another space: 0 to 63 words") {
  run_exchange(Places::root_and_task, false, true);
}
TEST("call inside another space: 0 to 63 words") { run_exchange(Places::one_task, false, false); }
TEST("the same by local ids, answered by global ids") { run_exchange(Places::one_task, true, false); }
TEST("the same by local ids, and to the ids as delivered") { run_exchange(Places::one_task, true, true); }
TEST("call between two spaces: 0 to 63 words") { run_exchange(Places::two_tasks, false, true); }
TEST("Lipc does what Ipc does") {
  run_exchange(Places::one_task, true, true, l4_links.lipc);
  run_exchange(Places::two_tasks, false, true, l4_links.lipc);
}

namespace {

struct OneWay {
  l4::ThreadId receiver;
  unsigned count;
  bool sender_first;
};

void receive_one(Word argument) {
  const OneWay& x = object_at<OneWay>(argument);
  Frame f = marked_frame();
  prepare_to_receive(f);
  const l4::Tag tag = ipc(f, l4::ThreadId::nil(), l4::ThreadId::any(), never, {});
  expect_eq(tag.raw, l4::Tag::make(-77, x.count).raw, "tag");
  check(
      f, x.count, [](unsigned i) { return request(1, i); }, unused);
}

void send_one(Word argument) {
  const OneWay& x = object_at<OneWay>(argument);
  Frame f = marked_frame();
  prepare(f, x.count, [](unsigned i) { return request(1, i); });
  // A stale error bit does not stay.
  const l4::Tag sent = l4::Tag::make(-77, x.count);
  const l4::Tag tag = ipc(f, x.receiver, l4::ThreadId::nil(), never, {sent.raw | 0x8000});
  expect_eq(tag.raw, sent.raw, "MR0 after a send");
}

}  // namespace

TEST("send to a thread that waits, and to one that comes later: 0, 1, 7, 8, 9, 63 words") {
  static OneWay x;
  for (const Places places : all_places) {
    for (const unsigned count : {0u, 1u, 7u, 8u, 9u, 63u}) {
      for (const bool sender_first : {false, true}) {
        context(sender_first ? "queued, words:" : "ready, words:", count);
        const Pair pair = make_pair(places);
        x = {pair.server, count, sender_first};
        const auto start_receiver = [&] { start(pair.server, receive_one, address_of(x), runner); };
        if (!sender_first) start_receiver();
        if (!sender_first) require(becomes(pair.server, L4_SCHEDRESULT_WAITING), "receiver waits");
        start(pair.client, send_one, address_of(x), runner);
        if (sender_first) require(becomes(pair.client, L4_SCHEDRESULT_PENDING_SEND), "sender waits");
        if (sender_first) start_receiver();
        expect(finishes(pair.client), "sender is done");
        expect(finishes(pair.server), "receiver is done");
        end_thread(pair.client);
        end_thread(pair.server);
      }
    }
  }
}

TEST("neither phase: nothing happens") {
  Frame f = marked_frame();
  prepare(f, 7, [](unsigned i) { return request(2, i); });
  const l4::Tag tag = ipc(f, l4::ThreadId::nil(), l4::ThreadId::nil(), never, l4::Tag::make(5, 7));
  expect(!tag.failed());
}

TEST("registers of both partners hold no kernel value in short and long messages") {
  // Each Ipc above is checked; here the system call that blocks and is woken by
  // a timeout, and one that fails at once.
  Frame f = marked_frame();
  expect_failed(ipc(f, l4::ThreadId::nil(), l4::ThreadId::any(), timeouts(1, 100), {}), receive_timeout);
  f = marked_frame();
  expect_failed(ipc(f, l4::ThreadId::global(0x3ffff, 1), l4::ThreadId::nil(), never, {}), send_no_partner);
}
