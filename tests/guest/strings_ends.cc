// SPDX-License-Identifier: MIT
// What ends a transfer before its time (manual, chapters 2.3, 2.4 and 5.6): transfer
// timeouts, ExchangeRegisters, deletion, pagers that cannot help. Both sides hear of it,
// with the bytes that have arrived.
#include "strings.h"

using namespace guest;

namespace {

using l4::ThreadId;

// The transfer stops at a page of the sender's or the receiver's that is missing. What
// comes before, `done` bytes, is there.
constexpr Word done = 4096, length = 3 * 4096;

enum class Side { sender, receiver };
constexpr Side sides[] = {Side::sender, Side::receiver};

void begin(Pair pair, Side faulting) {
  fill_source();
  clear_target();
  empty_areas();
  transfer.begin();
  transfer.pair = pair;
  transfer.words[0] = l4::Tag::make(0x51, 0).raw;
  transfer.word(0x1dea);
  transfer.sender_pager = transfer.receiver_pager = test_thread;
  const bool sends = faulting == Side::sender;
  // Two pieces, of which the second one is missing on that side.
  transfer.item({string_head(done, 1, true), source()});
  transfer.item({string_head(length - done), sends ? source_area + done : source() + done});
  transfer.buffer({string_head(done, 1, true), target()});
  transfer.buffer({string_head(length - done), sends ? target() + done : target_area + done});
}
void begin(Side faulting) { begin(make_pair(Places::two_tasks), faulting); }

ThreadId thread_of(Side side) { return side == Side::sender ? transfer.pair.client : transfer.pair.server; }
Side other(Side side) { return side == Side::sender ? Side::receiver : Side::sender; }

StringFault await_fault(Side faulting, Location at = Location::current()) {
  StringFault fault = {};
  require(next_fault(fault), "a fault", at);
  expect_eq(fault.from, thread_of(faulting), "who", at);
  return fault;
}

void expect_what_arrived(Location at = Location::current()) {
  expect(has_arrived(done), "what was copied before", at);
  expect(is_clear(target() + done, length - done), "what was not", at);
  expect_eq(transfer.received.mr[1], 0x1deau, "the untyped word", at);
}

Word limits(Word send, Word receive) { return send << 16 | receive; }
constexpr Word zero_time = 0x400;
Word period(Word us) { return L4_TimePeriod(us).raw; }
Word point_in(Word us) {
  const Word at = now();
  return L4_TimePointFrom(L4_Clock_t{.raw = at + us}, L4_Clock_t{.raw = at}).raw;
}
// The begin of the present window of 2^25 us: it has passed, unless the window ends soon.
Word begin_of_window() {
  while ((now() & 0x1ff'ffff) > 30'000'000) sleep_us(100'000);
  return 0x8000 | 15 << 11 | (now() >> 25 & 1) << 10;
}

}  // namespace

TEST("transfer timeouts: the sender's for sending and the receiver's for receiving; 5 at its side, 6 at the other") {
  struct Case {
    const char* what;
    Word send, receive;
    bool senders;
    Word least_us;
    bool asks;
  };
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side faulting : sides) {
    const Case cases[] = {
        {"zero of the sender", zero_time, 0, true, 0, false},
        {"zero of the receiver", 0, zero_time, false, 0, false},
        {"zero of both", zero_time, zero_time, true, 0, false},
        {"any period with mantissa 0", 0, 5 << 10, false, 0, false},
        {"a period of the sender", period(4000), 0, true, 4000, true},
        {"a period of the receiver", 0, period(4000), false, 4000, true},
        {"the earlier one of two: the sender's", period(3000), period(30'000), true, 3000, true},
        {"the earlier one of two: the receiver's", period(30'000), period(3000), false, 3000, true},
        {"a long one and zero", period(1'000'000), zero_time, false, 0, false},
        {"the longest period and a short one", 0x7fff, period(3000), false, 3000, true},
        {"a point in time, the sender's", point_in(60'000), 0, true, 0, true},
        {"a point in time, the receiver's", 0, point_in(120'000), false, 0, true},
        {"a point that has passed", begin_of_window(), 0, true, 0, false},
    };
    for (const Case& c : cases) {
      context(c.what, static_cast<Word>(faulting));
      begin(pair, faulting);
      // The other halves are for other messages.
      transfer.send_limits = limits(c.send, zero_time);
      transfer.receive_limits = limits(zero_time, c.receive);
      start_transfer();
      const Word before = now();
      StringFault fault;
      const bool is_asked = next_fault(fault, 1'000'000);
      expect_end();
      const Word passed = now() - before;
      expect_both_failed(c.senders ? code_own_timeout : code_partner_timeout,
                         c.senders ? code_partner_timeout : code_own_timeout, done);
      expect_what_arrived();
      expect(passed + 300 >= c.least_us, "early");
      expect(passed <= 1'000'000, "late");
      if (!c.asks) expect(!is_asked, "a pager was asked");
    }
  }
}

TEST("transfer timeouts: never, and those that are not over, let the pager take its time") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side faulting : sides) {
    for (const Word limit : {Word{0}, Word{0x7fff}, period(10'000'000)}) {
      context("limit", limit);
      begin(pair, faulting);
      transfer.send_limits = limits(limit, zero_time);
      transfer.receive_limits = limits(zero_time, limit);
      start_transfer();
      const StringFault fault = await_fault(faulting);
      sleep_us(10'000);
      expect_eq(state_of(pair.client), Word{L4_SCHEDRESULT_SENDING});
      expect_eq(state_of(pair.server), Word{L4_SCHEDRESULT_RECEIVING});
      answer_page(fault);
      expect_eq(serve_faults(), 1u);
      expect_end();
      expect_success();
      expect(has_arrived(length), "contents");
    }
  }
}

TEST("transfer timeouts: count from the beginning of the transfer, not of the wait, and not again for each fault") {
  const Pair pair = make_pair(Places::two_tasks);
  begin(pair, Side::sender);
  transfer.send_limits = limits(period(30'000), 0);
  transfer.send_timeouts = timeouts(1'000'000, 0);
  start(pair.client, send_strings, 0, runner);
  require(becomes(pair.client, L4_SCHEDRESULT_PENDING_SEND));
  sleep_us(40'000);
  forget_end();
  start(pair.server, receive_strings, 0, runner);
  const Word before = now();
  unsigned answered = 0;
  // Answers that do not help prolong nothing.
  for (StringFault fault; next_fault(fault); ++answered) {
    sleep_us(1000);
    l4::Words m(l4::Tag::make(0, 0));
    l4::send_words(fault.from, m, {send_zero});
    if (answered > 100) break;
  }
  expect_end();
  const Word passed = now() - before;
  expect(answered >= 1 && answered <= 31, "answers");
  expect(passed >= 29'000 && passed < 500'000, "time");
  expect_both_failed(code_own_timeout, code_partner_timeout, done);
}

TEST("transfer timeouts have no effect on messages whose pages are there, however long that takes, nor later") {
  const Pair pair = make_pair(Places::two_tasks);
  const Word long_time = period(20'000);
  for (const Word limit : {zero_time, Word{1}, point_in(50), long_time}) {
    context("limit", limit);
    begin(pair, Side::sender);
    transfer.words[4] = string_head(side_bytes - done);
    transfer.words[5] = source() + done;
    transfer.buffers[3] = string_head(side_bytes - done);
    transfer.send_limits = limits(limit, limit);
    transfer.receive_limits = limits(limit, limit);
    start_transfer();
    expect_end();
    expect_success();
    expect(has_arrived(side_bytes), "contents");
  }
  sleep_us(30'000);
}

TEST("a transfer timeout that is over while the kernel copies ends the transfer at the next page fault") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const bool senders : {true, false}) {
    context("senders", senders);
    begin(pair, Side::sender);
    // 23 pages that are there, and one that is not.
    constexpr Word there = side_bytes - 4096;
    transfer.words[2] = string_head(there, 1, true);
    transfer.words[4] = string_head(4096);
    transfer.words[5] = source_area + there;
    transfer.buffers[1] = string_head(side_bytes);
    transfer.send_limits = limits(senders ? 1 : 0, zero_time);
    transfer.receive_limits = limits(zero_time, senders ? 0 : 1);
    start_transfer();
    StringFault fault;
    next_fault(fault, 100'000);  // it may be asked, if the timer is slow; there is no answer
    expect_end();
    expect_both_failed(senders ? code_own_timeout : code_partner_timeout,
                       senders ? code_partner_timeout : code_own_timeout, there);
    expect(has_arrived(there), "contents");
  }
}

TEST("ExchangeRegisters aborts either side, by S a sender and by R a receiver: 7 at both") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side faulting : sides) {
    for (const Side aborted : sides) {
      context("faulting, aborted", static_cast<Word>(faulting) * 2 + static_cast<Word>(aborted));
      begin(pair, faulting);
      start_transfer();
      const StringFault fault = await_fault(faulting);
      // The other bit does not concern it.
      const Word mine = aborted == Side::sender ? L4_ExRegAbortSend : L4_ExRegAbortReceive;
      const Word wrong = L4_ExRegAbortSend | L4_ExRegAbortReceive;
      l4_exchange x = {wrong & ~mine, 0, 0, 0, 0, 0};
      expect(l4_exchange_registers(thread_of(aborted).raw, &x) != 0);
      expect_eq(state_of(pair.client), Word{L4_SCHEDRESULT_SENDING});
      x = {mine, 0, 0, 0, 0, 0};
      expect(l4_exchange_registers(thread_of(aborted).raw, &x) != 0);
      expect_end();
      expect_both_failed(code_aborted, code_aborted, done);
      expect_what_arrived();
      // Nobody waits for the pager's answer any more.
      expect_failed(answer_fault(fault, l4::Fpage::nil(), 0), send_timeout);
    }
  }
}

TEST("ExchangeRegisters with a new IP on an aborted side: it goes on there, the other side has 7") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side side : sides) {
    context("side", static_cast<Word>(side));
    begin(pair, Side::sender);
    start_transfer();
    await_fault(Side::sender);
    static volatile bool elsewhere;
    elsewhere = false;
    start(
        thread_of(side),
        [](Word) {
          L4_Set_Pager(runner);
          elsewhere = true;
        },
        0, runner);
    expect(eventually([] { return elsewhere; }));
    expect(finishes(thread_of(other(side))));
    const Outcome& o = side == Side::sender ? transfer.received : transfer.sent;
    expect_eq(o.error, transfer_error(code_aborted, side == Side::sender, done));
  }
}

TEST("deletion of either side in the middle: 7 at the other") {
  for (const Side faulting : sides) {
    for (const Side gone : sides) {
      context("faulting, deleted", static_cast<Word>(faulting) * 2 + static_cast<Word>(gone));
      begin(faulting);
      start_transfer();
      await_fault(faulting);
      end_thread(thread_of(gone));
      const Outcome& o = gone == Side::sender ? transfer.received : transfer.sent;
      const ThreadId left = thread_of(other(gone));
      require(finishes(left));
      expect_eq(o.error, transfer_error(code_aborted, gone == Side::sender, done));
      expect_eq(o.tag.raw, transfer.words[0] | 0x8000);
      if (gone == Side::sender) expect_what_arrived();
      end_thread(left);
    }
  }
}

TEST("the end of the pager that is asked, and of one that is queued at: 7 at both sides") {
  for (const Side faulting : sides) {
    for (const bool takes_it : {false, true}) {
      context("faulting, takes it", static_cast<Word>(faulting) * 2 + takes_it);
      static volatile bool taken;
      taken = false;
      const ThreadId pager = spawn_task([](Word take) {
        if (take != 0) receive();
        taken = true;
        sleep_for_ever();
      }, takes_it);
      begin(faulting);
      (faulting == Side::sender ? transfer.sender_pager : transfer.receiver_pager) = pager;
      start_transfer();
      require(becomes(transfer.pair.client, L4_SCHEDRESULT_SENDING));
      require(eventually([] { return taken; }));
      sleep_us(500);
      expect(!is_done());
      end_thread(pager);
      expect_end();
      expect_both_failed(code_aborted, code_aborted, done);
      expect_what_arrived();
      end_pair();
    }
  }
}

TEST("pagers that cannot be: nil, nobody, oneself, the partner, an interrupt: 7 at both sides") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side faulting : sides) {
    const ThreadId nobody[] = {ThreadId::nil(), ThreadId::global(0x3ffff, 1), ThreadId::any(),
                               ThreadId::any_local(), ThreadId::global(4, 1)};
    for (const ThreadId pager : nobody) {
      context("pager", pager.raw);
      begin(pair, faulting);
      (faulting == Side::sender ? transfer.sender_pager : transfer.receiver_pager) = pager;
      run_transfer();
      expect_both_failed(code_aborted, code_aborted, done);
      expect_what_arrived();
    }
    for (const Side named : sides) {
      context(named == faulting ? "oneself" : "the partner", static_cast<Word>(faulting));
      begin(pair, faulting);
      (faulting == Side::sender ? transfer.sender_pager : transfer.receiver_pager) = thread_of(named);
      run_transfer();
      expect_both_failed(code_aborted, code_aborted, done);
    }
  }
}

TEST("a redirector cannot be asked for a page while it is the partner: 7 at both sides") {
  // The sender's messages out of its space go to the redirector, its page faults too.
  const ThreadId redirector = make_task(), task = make_task(), outside = spawn_task([](Word) { receive(); });
  begin({redirector, task}, Side::sender);
  transfer.sender_pager = outside;
  expect_eq(space_control(task, kip_area, utcb_area, ThreadId::any()), 0u);
  forget_end();
  start(redirector, receive_strings, 0, runner);
  require(becomes(redirector, L4_SCHEDRESULT_WAITING));
  static volatile bool ready;
  static volatile bool go;
  ready = false;
  go = false;
  start(
      task,
      [](Word a) {
        touch_program();
        ready = true;
        while (!go) sleep_us(100);
        send_strings(a);
      },
      0, runner);
  require(eventually([] { return ready; }));
  expect_eq(space_control(task, kip_area, utcb_area, redirector), 0u);
  go = true;
  if (!expect(finishes(task) && finishes(redirector), "both sides wait for each other")) return;
  expect_eq(transfer.sent.error, transfer_error(code_aborted, false, done));
  expect_eq(transfer.received.error, transfer_error(code_aborted, true, done));
}

TEST("addresses where nobody can map: 7 at both sides, with what was copied before") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side side : sides) {
    for (const Word bad : {Word{0x0000'7fff'ffff'f000}, Word{0x0000'8000'0000'0000}, Word{0xffff'8000'0000'0000},
                           ~Word{0} - 4095, Word{0xffff'ffff'c000'0000}}) {
      context("address", bad);
      begin(pair, side);
      (side == Side::sender ? transfer.words[5] : transfer.buffers[4]) = bad;
      run_transfer();
      expect_both_failed(code_aborted, code_aborted, done);
      expect_what_arrived();
    }
  }
}

TEST("a string that runs out of the user area: all before its end is copied") {
  const Pair pair = make_pair(Places::two_tasks);
  constexpr Word last = 0x0000'7fff'ffff'e000;
  begin(pair, Side::sender);
  transfer.words[5] = last;
  start_transfer();
  StringFault fault;
  require(next_fault(fault));
  expect_eq(fault.address, last);
  expect_ok(answer_fault(fault, l4::Fpage::page(source() + done, l4::full_access), last));
  expect_end();
  expect_both_failed(code_aborted, code_aborted, 2 * 4096);
  expect(has_arrived(2 * 4096), "contents");
}

TEST("a page that only the machine has, a device's: 7 at both sides") {
  const Pair pair{make_task(), make_thread()};
  constexpr Word video = 0xb8000, place = 0x36'0000'0000;
  require(!L4_IsNilFpage(L4_Sigma0_Request(runtime::sigma0(), l4::Fpage::page(video), 0, l4::Fpage::page(place))));
  begin(pair, Side::sender);
  transfer.words[5] = place;
  run_transfer();
  expect_both_failed(code_aborted, code_aborted, done);
  expect_what_arrived();
}

TEST("a halted side: the receiver stops when it has the message; a sender that is halted does not leave it waiting") {
  const Pair pair = make_pair(Places::two_tasks);
  for (const Side faulting : sides) {
    for (const Side halted : sides) {
      context("faulting, halted", static_cast<Word>(faulting) * 2 + static_cast<Word>(halted));
      begin(pair, faulting);
      start_transfer();
      const StringFault fault = await_fault(faulting);
      L4_Stop(thread_of(halted));
      answer_page(fault);
      StringFault next;
      require(next_fault(next), "the transfer goes on");
      answer_page(next);
      require(finishes(thread_of(other(halted))), "the other side goes on");
      expect(!finished(thread_of(halted)), "it is halted");
      L4_Start(thread_of(halted));
      expect_end();
      expect_success();
      expect(has_arrived(length), "contents");
    }
  }
}
