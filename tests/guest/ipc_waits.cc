// SPDX-License-Identifier: MIT
// Who is received from and when: closed, open and local waits, the order of queued
// senders, and timeouts (manual, chapter 5.6).
#include "messages.h"

using namespace guest;

namespace {

struct Sending {
  l4::ThreadId to;
  long label;
  Word timeout;
};

void send_it(Word argument) {
  const Sending& s = object_at<Sending>(argument);
  expect_ok(send(s.to, s.label, s.timeout));
}

// A thread that sends at once, and is queued.
l4::ThreadId queue_sender(Sending& s, bool foreign = false, unsigned priority = default_priority) {
  const Options options{.priority = priority};
  const l4::ThreadId id =
      foreign ? spawn_task(send_it, address_of(s), options) : spawn(send_it, address_of(s), options);
  require(becomes(id, L4_SCHEDRESULT_PENDING_SEND), "sender is queued");
  return id;
}

l4::ThreadId local_id(l4::ThreadId id) { return l4::ThreadId(utcb_at(slot_of(id).utcb) + 0x200); }

// Is it the same under a machine that counts instructions as time?
bool time_is_exact() {
  Word first = 0;
  for (int round = 0; round < 8; ++round) {
    const Word start = __builtin_ia32_rdtsc();
    for (int i = 0; i < 100; ++i) asm volatile("");
    const Word length = __builtin_ia32_rdtsc() - start;
    if (round == 0) first = length;
    if (length != first) return false;
  }
  return true;
}

}  // namespace

TEST("an open wait takes queued senders in the order in which they came, whatever their priority") {
  static Sending s[5];
  const l4::ThreadId me = l4::ThreadId::self();
  const unsigned priorities[] = {50, 150, 100, 20, 120};
  for (unsigned i = 0; i < 5; ++i) {
    s[i] = {me, 10 + static_cast<long>(i), never};
    queue_sender(s[i], i % 2 != 0, priorities[i]);
  }
  for (unsigned i = 0; i < 5; ++i) {
    const Received r = receive(l4::ThreadId::any(), receive_zero);
    expect_ok(r.tag);
    expect_eq(r.tag.label(), 10 + static_cast<long>(i));
  }
}

TEST("a closed wait takes its partner only; others stay queued in order") {
  static Sending s[3];
  const l4::ThreadId me = l4::ThreadId::self();
  l4::ThreadId ids[3];
  for (unsigned i = 0; i < 3; ++i) {
    s[i] = {me, 10 + static_cast<long>(i), never};
    ids[i] = queue_sender(s[i], i == 1);
  }
  Received r = receive(ids[1], receive_zero);
  expect_eq(r.tag.label(), 11);
  expect_eq(r.from, ids[1]);
  r = receive(ids[1], receive_zero);
  expect_failed(r.tag, receive_timeout);
  r = receive(local_id(ids[2]), receive_zero);
  expect_eq(r.tag.label(), 12);
  expect_eq(r.from, local_id(ids[2]));
  r = receive(l4::ThreadId::any(), receive_zero);
  expect_eq(r.tag.label(), 10);
}

TEST("a thread that waits for one partner is not woken by a third one's call, send or reply-and-wait") {
  static struct {
    l4::ThreadId partner;
    volatile Word label;
    l4::ThreadId from;
  } w;
  for (const Places places : all_places) {
    context("places", static_cast<Word>(places));
    const Pair pair = make_pair(places);
    const l4::ThreadId partner = make_task();
    w = {partner, 0, {}};
    start(
        pair.server,
        [](Word) {
          const Received r = receive(w.partner);
          w.from = r.from;
          w.label = static_cast<Word>(r.tag.label());
        },
        0, runner);
    require(becomes(pair.server, L4_SCHEDRESULT_WAITING));
    // The third thread tries all forms.
    static l4::ThreadId target;
    static volatile bool last;
    target = pair.server;
    last = false;
    start(
        pair.client,
        [](Word) {
          expect_failed(send(target, 1, send_zero), send_timeout);
          expect_failed(reply_wait(target, 2).tag, send_timeout);
          expect_failed(call(target, 3, timeouts(100, 100)).tag, send_timeout);
          last = true;
          call(target, 4);  // stays queued
        },
        0, runner);
    require(eventually([] { return last; }));
    require(becomes(pair.client, L4_SCHEDRESULT_PENDING_SEND));
    expect_eq(w.label, 0u, "woken by a third thread");
    start(
        partner, [](Word) { expect_ok(call(target, 5, never).tag); }, 0, runner);
    expect(finishes(pair.server));
    expect_eq(w.label, 5u);
    expect_eq(w.from, partner);
    expect_eq(state_of(pair.client), Word{L4_SCHEDRESULT_PENDING_SEND});
    end_thread(pair.client);
    end_thread(partner);
    end_thread(pair.server);
  }
}

TEST("a caller to whom others send waits for the answer as soon as its call is taken") {
  static l4::ThreadId me;
  static Sending s;
  static volatile long answer, next;
  me = l4::ThreadId::self();
  for (const bool foreign : {false, true}) {
    context("foreign", foreign);
    const auto body = [](Word) {
      sleep_us(500);
      answer = call(me, 30).tag.label();
      next = receive(l4::ThreadId::any(), receive_zero).tag.label();
    };
    answer = 0;
    next = 0;
    const l4::ThreadId caller = foreign ? spawn_task(body) : spawn(body);
    s = {caller, 32, never};
    queue_sender(s, !foreign);
    require(becomes(caller, L4_SCHEDRESULT_PENDING_SEND), "the call is queued");
    // The caller does not run in between: it is less urgent.
    const Received request = receive(l4::ThreadId::any(), receive_zero);
    expect_eq(request.tag.label(), 30);
    expect_ok(send(request.from, 31, send_zero));
    require(finishes(caller));
    expect_eq(answer, 31);
    expect_eq(next, 32, "the others stay queued");
  }
}

TEST("anylocalthread: threads of the space only") {
  static Sending s[3];
  const l4::ThreadId me = l4::ThreadId::self();
  s[0] = {me, 20, never};
  s[1] = {me, 21, never};
  queue_sender(s[0], true);
  const l4::ThreadId local = queue_sender(s[1]);
  Received r = receive(l4::ThreadId::any_local(), receive_zero);
  expect_eq(r.tag.label(), 21);
  expect_eq(r.from, local_id(local));
  expect_failed(receive(l4::ThreadId::any_local(), receive_zero).tag, receive_timeout);
  // While it waits: a foreign send does not end the wait, a local one does.
  static l4::ThreadId target;
  target = me;
  const l4::ThreadId foreign =
      spawn_task([](Word) { expect_failed(send(target, 22, send_zero), send_timeout); });
  spawn([](Word) {
    sleep_us(500);
    expect_ok(send(target, 23));
  });
  r = receive(l4::ThreadId::any_local(), timeouts(1, 1'000'000));
  expect_eq(r.tag.label(), 23);
  expect(finished(foreign));
  r = receive(l4::ThreadId::any(), receive_zero);
  expect_eq(r.tag.label(), 20);
}

TEST("zero timeouts: error 1 at once, send and receive") {
  const l4::ThreadId idle = make_thread();
  expect_failed(send(idle, 1, send_zero), send_timeout);
  expect_failed(call(idle, 1, send_zero).tag, send_timeout);
  expect_failed(receive(l4::ThreadId::any(), receive_zero).tag, receive_timeout);
  expect_failed(receive(idle, receive_zero).tag, receive_timeout);
}

TEST("reply-and-wait to a partner that does not wait: error 1 in the send phase, nothing received") {
  static Sending s;
  s = {l4::ThreadId::self(), 30, never};
  queue_sender(s);
  const l4::ThreadId idle = make_thread();
  expect_failed(reply_wait(idle, 1).tag, send_timeout);
  expect_eq(receive(l4::ThreadId::any(), receive_zero).tag.label(), 30);
}

TEST("a tag after an error: the sender's own, with bit 15") {
  const l4::ThreadId idle = make_thread();
  l4::Words m(l4::Tag::make(0x123, 3, 0), 1, 2, 3);
  l4::send_words(idle, m, {send_zero});
  expect_eq(m[0], l4::Tag::make(0x123, 3, 0).raw | 0x8000);
}

TEST("timeouts are not early, and at most 10 us late on an idle machine") {
  const bool exact = time_is_exact();
  const l4::ThreadId idle = make_thread();
  const l4::ThreadId me = l4::ThreadId::self();
  for (const Word us : {Word{1}, Word{20}, Word{100}, Word{777}, Word{1000}, Word{4096}, Word{20'000}}) {
    const Word asked = L4_TimePeriod(us).period.m * (Word{1} << L4_TimePeriod(us).period.e);
    for (unsigned kind = 0; kind < 3; ++kind) {
      context(kind == 0 ? "send, us:" : kind == 1 ? "receive, us:" : "sleep, us:", us);
      const Word before = now();
      if (kind == 0) expect_failed(send(idle, 0, timeouts(us, 0)), send_timeout);
      if (kind == 1) expect_failed(receive(l4::ThreadId::any(), timeouts(0, us)).tag, receive_timeout);
      if (kind == 2) expect_failed(receive(me, timeouts(0, us)).tag, receive_timeout);
      const Word passed = now() - before;
      expect(passed >= asked, "early");
      if (exact && passed > asked + 10 + 2) expect_eq(passed, asked, "late");
    }
  }
}

TEST("points in time: a future one is met, a past one is over") {
  Word before;
  L4_Time_t point;
  // Not near the end of its window, behind which it would be read as one to come.
  do {
    sleep_us(100);
    before = now();
    point = L4_TimePointFrom(L4_Clock_t{.raw = before + 3000}, L4_Clock_t{.raw = before});
  } while (point.point.m > 300);
  const Word at = (before + 3000) >> point.point.e << point.point.e;  // as far as it can be written
  const Word timeout = L4_Timeouts(L4_Never, point);
  expect_failed(receive(l4::ThreadId::any(), timeout).tag, receive_timeout);
  const Word after = now();
  expect(after >= at, "early");
  if (time_is_exact()) expect(after <= at + 12, "late");
  // The same point again lies in the past.
  expect_failed(receive(l4::ThreadId::any(), timeout).tag, receive_timeout);
  expect(now() - after < 2000, "a past point was waited for");
}

TEST("many sleepers wake in the order of their timeouts") {
  static constexpr unsigned count = 12;
  static volatile unsigned order[count], woken;
  static Word begin;
  static const unsigned delays[count] = {7, 3, 11, 1, 9, 5, 2, 12, 4, 10, 6, 8};
  woken = 0;
  begin = now() + 5000;
  for (unsigned i = 0; i < count; ++i) {
    spawn(
        [](Word delay) {
          const Word at = begin + delay * 2000, from = now();
          sleep_us(at > from ? at - from : 1);
          const unsigned place = woken;
          woken = place + 1;
          order[place] = static_cast<unsigned>(delay);
        },
        delays[i]);
  }
  expect(eventually([] { return woken == count; }));
  for (unsigned i = 0; i < count; ++i) {
    context("place", i);
    expect_eq(order[i], i + 1);
  }
}

TEST("a message in time ends a wait with a timeout, and the timeout has no effect later") {
  static l4::ThreadId target;
  target = l4::ThreadId::self();
  for (const bool foreign : {false, true}) {
    const auto body = [](Word) {
      sleep_us(1000);
      send(target, 40);
      sleep_us(1000);
      send(target, 41);
    };
    foreign ? spawn_task(body) : spawn(body);
    expect_eq(receive(l4::ThreadId::any(), timeouts(0, 50'000)).tag.label(), 40);
    expect_eq(receive(l4::ThreadId::any(), never).tag.label(), 41);
    sleep_us(60'000);
  }
}

TEST("a sender with a timeout that is taken in time goes on") {
  static Sending s;
  s = {l4::ThreadId::self(), 50, timeouts(100'000, 0)};
  const l4::ThreadId sender = queue_sender(s, true);
  expect_eq(receive().tag.label(), 50);
  expect(finishes(sender));
}

TEST("long periods: any one that can be written is waited for") {
  static const Word raw[] = {0x7fff, 31 << 10 | 1, 20 << 10 | 1023};
  for (const Word timeout : raw) {
    context("period", timeout);
    static Word given;
    given = timeout;
    const l4::ThreadId waiter = spawn([](Word) { receive(l4::ThreadId::any(), given); });
    sleep_us(3000);
    expect_eq(state_of(waiter), Word{L4_SCHEDRESULT_WAITING});
    end_thread(waiter);
  }
}
