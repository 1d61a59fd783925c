// SPDX-License-Identifier: MIT
// The two timeouts of Ipc in all their forms (manual, chapters 3.3 and 5.6).
#include "messages.h"

using namespace guest;

namespace {

Word raw_timeouts(Word send, Word receive) { return send << 16 | receive; }
Word point_in(Word us) {
  const Word at = now();
  return L4_TimePointFrom(L4_Clock_t{.raw = at + us}, L4_Clock_t{.raw = at}).raw;
}
// A point that lies 1 ms back, and is read so for some more: the clock is not near an end
// of its window of 2^(e + 10) us.
Word past_point() {
  constexpr Word e = 5;
  for (;; sleep_us(700)) {
    const Word clock = now(), place = clock >> e & 0x3ff;
    if (place < 100 || place > 700) continue;
    const Word at = clock - 1000;
    return 0x8000 | e << 11 | (at >> (e + 10) & 1) << 10 | (at >> e & 0x3ff);
  }
}
// How long body() takes.
template <typename F>
Word duration(F body) {
  const Word before = now();
  body();
  return now() - before;
}
// How long it takes at best: an emulator may be held up.
template <typename F>
Word least_duration(F body) {
  Word least = ~Word{0};
  for (unsigned i = 0; i < 5; ++i) {
    const Word passed = duration(body);
    if (passed < least) least = passed;
  }
  return least;
}

l4::ThreadId target;

}  // namespace

TEST("zero in every way that it can be written: mantissa 0, whatever the exponent but with never's") {
  const l4::ThreadId idle = make_thread();
  for (Word e = 1; e < 32; ++e) {
    context("exponent", e);
    const Word zero = e << 10;
    expect(least_duration([&] { expect_failed(send(idle, 1, raw_timeouts(zero, 0)), send_timeout); }) < 100'000);
    expect(least_duration([&] {
             expect_failed(receive(idle, raw_timeouts(0, zero)).tag, receive_timeout);
           }) < 100'000);
  }
}

TEST("each phase has its own timeout; bits above the two are not looked at") {
  const l4::ThreadId idle = make_thread();
  constexpr Word above = 0xdead'beef'0000'0000;
  expect_failed(send(idle, 1, above | raw_timeouts(0x400, 0)), send_timeout);
  expect_failed(receive(idle, above | raw_timeouts(0, 0x400)).tag, receive_timeout);
  // The receive timeout is not over before the message is sent.
  target = l4::ThreadId::self();
  const l4::ThreadId late = spawn([](Word) {
    sleep_us(20'000);
    receive(target);
    sleep_us(20'000);
    send(target, 9, send_zero);
  });
  Received r = {};
  const Word passed = duration([&] { r = call(late, 1, timeouts(1'000'000, 1'000'000)); });
  expect_ok(r.tag);
  expect_eq(r.tag.label(), 9);
  expect(passed >= 40'000, "early");
}

TEST("the receive timeout counts from the end of the send phase") {
  target = l4::ThreadId::self();
  const l4::ThreadId late = spawn([](Word) {
    sleep_us(30'000);
    receive(target);
  });
  Received r = {};
  const Word passed = duration([&] { r = call(late, 1, timeouts(1'000'000, 20'000)); });
  expect_failed(r.tag, receive_timeout);
  expect(passed >= 50'000, "early");
}

TEST("a send timeout that is over takes the message back; nobody gets it later") {
  static volatile bool go;
  static volatile Word label;
  go = false;
  label = 0;
  const l4::ThreadId late = spawn([](Word) {
    while (!go) sleep_us(200);
    label = static_cast<Word>(receive(l4::ThreadId::any(), timeouts(0, 5000)).tag.failed());
  });
  expect(duration([&] { expect_failed(send(late, 5, timeouts(3000, 0)), send_timeout); }) >= 3000);
  go = true;
  expect(finishes(late));
  expect_eq(label, 1u);
}

TEST("a message that waits beats a receive timeout of zero, and a point that has passed") {
  for (const bool point : {false, true}) {
    context("point", point);
    target = l4::ThreadId::self();
    const l4::ThreadId sender = spawn([](Word) { send(target, 8); });
    require(becomes(sender, L4_SCHEDRESULT_PENDING_SEND));
    const Received r = receive(l4::ThreadId::any(), raw_timeouts(0, point ? past_point() : 0x400));
    expect_ok(r.tag);
    expect_eq(r.tag.label(), 8);
  }
}

TEST("points in time: for sending and for receiving, not early; one that has passed is zero") {
  const l4::ThreadId idle = make_thread();
  for (const bool sends : {false, true}) {
    context("send", sends);
    for (const Word us : {Word{700}, Word{5000}, Word{40'000}, Word{300'000}}) {
      const Word begin = now(), point = point_in(us);
      if (sends)
        expect_failed(send(idle, 1, raw_timeouts(point, 0)), send_timeout);
      else
        expect_failed(receive(idle, raw_timeouts(0, point)).tag, receive_timeout);
      const Word passed = now() - begin;
      // A point is written with ten bits.
      expect(passed + us / 256 + 2 >= us, "early");
      expect(passed < us + 2'000'000, "late");
    }
    expect(least_duration([&] {
             if (sends)
               expect_failed(send(idle, 1, raw_timeouts(past_point(), 0)), send_timeout);
             else
               expect_failed(receive(idle, raw_timeouts(0, past_point())).tag, receive_timeout);
           }) < 20'000,
           "a point that has passed");
  }
}

TEST("long periods for sending: any one that can be written is waited for") {
  for (const Word period : {Word{0x7fff}, Word{31 << 10 | 1}, Word{20 << 10 | 1023}}) {
    context("period", period);
    static Word given;
    given = period << 16;
    target = make_thread();
    const l4::ThreadId sender = spawn([](Word) { send(target, 1, given); });
    sleep_us(3000);
    expect_eq(state_of(sender), Word{L4_SCHEDRESULT_PENDING_SEND});
    end_thread(sender);
    end_thread(target);
  }
}

TEST("a receive from oneself is a sleep: error 1 in the receive phase, message registers as before") {
  l4::Words m(l4::Tag::make(4, 2), 11, 22);
  const Word passed = duration([&] {
    l4::ipc_words(l4::ThreadId::nil(), L4_MyLocalId(), {timeouts(0, 4000)}, m);
  });
  expect_failed(m.tag(), receive_timeout);
  expect(passed >= 4000, "early");
  expect_eq(m[0], l4::Tag::make(4, 2).raw | 0x8000);
  expect_eq(m[1], 11u);
  expect_eq(m[2], 22u);
}
