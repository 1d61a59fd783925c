// SPDX-License-Identifier: MIT
// Strings that are there and find room (manual, chapters 5.3 and 5.5): what arrives of
// which string in which buffer, and what is told when it does not fit.
#include "strings.h"

using namespace guest;

namespace {

void begin(const Pair& pair) {
  transfer.begin();
  transfer.pair = pair;
}

}  // namespace

TEST("a simple string: lengths around words and pages, every alignment, wherever the partners live") {
  fill_source();
  constexpr Word lengths[] = {0, 1, 2, 7, 8, 9, 63, 64, 65, 255, 4095, 4096, 4097, 8192, 12'289, 70'001};
  constexpr Word from_offsets[] = {0, 1, 5, 8, 4091, 4096}, to_offsets[] = {0, 3, 8, 4095, 4096};
  unsigned round = 0;
  for (const Places places : all_places) {
    const Pair pair = make_pair(places);
    for (const Word length : lengths) {
      for (const Word from : from_offsets) {
        for (const Word to : to_offsets) {
          // Each place sees a third of all, in turn.
          if (++round % 3 != 0) continue;
          context("length, offsets", length * 1'0000'0000 + from * 1'0000 + to);
          begin(pair);
          clear_target();
          transfer.string(source() + from, length);
          transfer.buffer({string_head(length), target() + 32 + to});
          run_transfer(round % 2 == 0 ? First::receiver : First::sender);
          expect_success();
          expect(has_arrived(length, from, 32 + to), "contents");
          expect(is_clear(target(), 32 + to), "bytes before the buffer");
          expect(is_clear(target() + 32 + to + length, 100), "bytes behind the buffer");
        }
      }
    }
    end_pair();
  }
}

TEST("a string into a larger buffer: the rest of the buffer stays") {
  fill_source();
  for (const Word length : {Word{0}, Word{1}, Word{100}, Word{5000}}) {
    context("length", length);
    clear_target();
    begin(make_pair(Places::two_tasks));
    transfer.string(source(), length);
    transfer.buffer({string_head(20'000), target()});
    run_transfer();
    expect_success();
    expect(has_arrived(length), "contents");
    expect(is_clear(target() + length, 20'000 - length), "the rest");
    end_pair();
  }
}

TEST("4 MiB: between spaces and inside one, aligned and not") {
  constexpr Word size = Word{1} << 22;
  static Word from, to;
  if (from == 0) from = runtime::allocate_memory(22), to = runtime::allocate_memory(22);
  require(from != 0 && to != 0);
  for (Word i = 0; i < size; i += 8) object_at<Word>(from + i) = i * 0x9e37'79b9'7f4a'7c15;
  for (const Places places : {Places::both_root, Places::root_and_task}) {
    for (const Word odd : {Word{0}, Word{1}, Word{4096}}) {
      context("offset", odd);
      __builtin_memset(reinterpret_cast<void*>(to), 0, size);
      begin(make_pair(places));
      // The root task has the memory; another space asks for it, page by page.
      transfer.sender_pager = places == Places::both_root ? runner : test_thread;
      transfer.string(from + odd, size - 4096);
      transfer.buffer({string_head(size), to + (odd == 4096 ? 4096 : 0)});
      start_transfer();
      StringFault fault;
      while (next_fault(fault, 10'000'000)) {
        const Word page = fault.address & ~Word{0xfff};
        answer_fault(fault, l4::Fpage::page(page, l4::read), page);
      }
      expect_end();
      expect_success();
      expect(alike(from + odd, to + (odd == 4096 ? 4096 : 0), size - 4096), "contents");
      if (odd != 4096) expect_eq(object_at<Word>(to + size - 8), 0u);
      end_pair();
      L4_UnmapFpage(l4::Fpage::memory(from, 22, l4::full_access));
    }
  }
  context("whole");
  __builtin_memset(reinterpret_cast<void*>(to), 0, size);
  begin(make_pair(Places::both_root));
  transfer.string(from, size);
  transfer.buffer({string_head(size), to});
  run_transfer();
  expect_success();
  expect(alike(from, to, size), "contents");
}

TEST("hints about caches change nothing, on either side, and arrive as sent") {
  fill_source();
  const Pair pair = make_pair(Places::two_tasks);
  for (Word hint = 0; hint < 4; ++hint) {
    for (Word own = 0; own < 4; ++own) {
      context("hints", hint * 16 + own);
      clear_target();
      begin(pair);
      transfer.item({string_head(3000) | hint << 1, source() + 7});
      transfer.buffer({string_head(3000) | own << 1, target() + 9});
      run_transfer();
      expect_success();
      expect(has_arrived(3000, 7, 9), "contents");
      expect_eq(transfer.received.mr[1], string_head(3000) | hint << 1);
      expect_eq(transfer.received.mr[2], source() + 7);
    }
  }
}

TEST("gather: the pieces of a descriptor, and of a chain of descriptors, one behind the other") {
  fill_source();
  clear_target();
  const Word a = source() + 100, b = source() + 5000, c = source() + 9001, d = source() + 20'000;
  begin(make_pair(Places::two_tasks));
  transfer.item({string_head(77, 3, true), c, a, b});  // three pieces, and it continues
  transfer.item({string_head(0, 1, true), d});         // a piece of nothing
  transfer.item({string_head(4100, 2), d, a});
  transfer.buffer({string_head(10'000), target() + 3});
  run_transfer();
  expect_success();
  const Word at = target() + 3;
  expect(alike(c, at, 77) && alike(a, at + 77, 77) && alike(b, at + 154, 77), "first descriptor");
  expect(alike(d, at + 231, 4100) && alike(a, at + 231 + 4100, 4100), "last descriptor");
  expect(is_clear(at + 231 + 8200, 100));
}

TEST("scatter: a string goes on in the next piece of its buffer, and in its next descriptor") {
  fill_source();
  clear_target();
  const Word a = target() + 100, b = target() + 5000, c = target() + 9001, d = target() + 20'000;
  begin(make_pair(Places::two_tasks));
  transfer.string(source() + 11, 6000);
  transfer.buffer({string_head(1000, 2, true), c, a});
  transfer.buffer({string_head(0, 2, true), d, d});  // room for nothing
  transfer.buffer({string_head(3000, 2), d, b});
  run_transfer();
  expect_success();
  expect(has_arrived(1000, 11, c - target()) && has_arrived(1000, 1011, a - target()), "first descriptor");
  expect(has_arrived(3000, 2011, d - target()) && has_arrived(1000, 5011, b - target()), "last descriptor");
  expect(is_clear(b + 1000, 100) && is_clear(c + 1000, 100) && is_clear(a + 1000, 100));
}

TEST("32 pieces into 31 of another length: the two need not be cut alike") {
  fill_source();
  clear_target();
  begin(make_pair(Places::two_tasks));
  Transfer& t = transfer;
  t.words[1] = string_head(310, 32);
  for (unsigned i = 0; i < 32; ++i) t.words[2 + i] = source() + i * 1000;
  t.words[0] = l4::Tag::make(3, 0, 33).raw;
  t.buffers[1] = string_head(320, 31);
  for (unsigned i = 0; i < 31; ++i) t.buffers[2 + i] = target() + i * 1100;
  run_transfer();
  expect_success();
  for (Word i = 0; i < 32 * 310; ++i) {
    context("byte", i);
    const Word from = source() + i / 310 * 1000 + i % 310, to = target() + i / 320 * 1100 + i % 320;
    if (!expect_eq(object_at<unsigned char>(to), object_at<unsigned char>(from))) break;
  }
}

TEST("each string of a message has a buffer of its own; buffers beyond the strings stay empty") {
  fill_source();
  clear_target();
  begin(make_pair(Places::two_tasks));
  transfer.words[0] = l4::Tag::make(-5, 0).raw;
  transfer.word(0x1234);
  transfer.word(0x5678);
  transfer.string(source() + 1, 10);
  transfer.item({string_head(20, 2, true), source() + 100, source() + 200});
  transfer.item({string_head(5), source() + 300});
  transfer.string(source() + 400, 5000);
  transfer.buffer({string_head(64) | another_buffer, target()});
  transfer.buffer({string_head(30, 1, true) | another_buffer, target() + 1000});
  transfer.buffer({string_head(100), target() + 2000});  // the second buffer's second part
  transfer.buffer({string_head(6000) | another_buffer, target() + 8192});
  transfer.buffer({string_head(100), target() + 20'000});
  const Word acceptor = transfer.buffers[0];
  run_transfer();
  expect_success();
  expect(has_arrived(10, 1, 0) && is_clear(target() + 10, 54), "first");
  expect(has_arrived(20, 100, 1000) && has_arrived(10, 200, 1020) && has_arrived(10, 210, 2000) &&
             has_arrived(5, 300, 2010) && is_clear(target() + 2015, 85),
         "second");
  expect(has_arrived(5000, 400, 8192), "third");
  expect(is_clear(target() + 20'000, 100), "a buffer without a string");
  expect_eq(transfer.received.mr[1], 0x1234u);
  expect_eq(transfer.received.mr[2], 0x5678u);
  for (unsigned i = 1; i < transfer.end(); ++i) {
    context("message register", i);
    expect_eq(transfer.received.mr[i], transfer.words[i], "items arrive as they were sent");
  }
  expect_eq(acceptor, transfer.buffers[0]);
}

TEST("buffer registers are as before after a receive") {
  fill_source();
  static Word after[33];
  begin(make_pair(Places::one_task));
  transfer.string(source(), 9000);
  transfer.string(source(), 10);
  transfer.buffer({string_head(3000, 3) | another_buffer, target(), target() + 4096, target() + 8192});
  transfer.buffer({string_head(3000), target() + 12'288});
  forget_end();
  start(
      transfer.pair.server,
      [](Word a) {
        receive_strings(a);
        L4_StoreBRs(0, 33, after);
      },
      0, runner);
  require(becomes(transfer.pair.server, L4_SCHEDRESULT_WAITING));
  start(transfer.pair.client, send_strings, 0, runner);
  expect_end();
  expect_success();
  for (unsigned i = 0; i < 33; ++i) expect_eq(after[i], transfer.buffers[i]);
}

TEST("words, strings and mappings in one message, in any order") {
  fill_source();
  clear_target();
  alignas(4096) static std::byte given[2 * 4096];
  object_at<Word>(address_of(given)) = 4711;
  object_at<Word>(address_of(given) + 4096) = 4712;
  const Word page = address_of(given), place = 0x33'0000'0000;
  static Word seen[2];
  for (const bool strings_first : {false, true}) {
    context("strings first", strings_first);
    begin({make_task(), make_thread()});
    transfer.word(99);
    const auto add_strings = [&] {
      transfer.string(source(), 5000);
      transfer.string(source() + 8192, 40);
    };
    if (strings_first) add_strings();
    transfer.item({place | 8, l4::Fpage::page(page, l4::read).raw});
    if (!strings_first) add_strings();
    transfer.item({(place + 4096) | 8, l4::Fpage::page(page + 4096, l4::read).raw});
    transfer.buffers[0] = accepts_strings | l4::Fpage::memory(place, 13).raw;
    transfer.buffer({string_head(6000) | another_buffer, target()});
    transfer.buffer({string_head(6000), target() + 8192});
    forget_end();
    seen[0] = seen[1] = 0;
    start(
        transfer.pair.server,
        [](Word a) {
          receive_strings(a);
          for (unsigned i = 0; i < 2; ++i) seen[i] = object_at<volatile Word>(0x33'0000'0000 + i * 4096);
        },
        0, runner);
    require(becomes(transfer.pair.server, L4_SCHEDRESULT_WAITING));
    start(transfer.pair.client, send_strings, 0, runner);
    expect_end();
    expect_success();
    expect(has_arrived(5000) && has_arrived(40, 8192, 8192), "strings");
    expect_eq(seen[0], 4711u);
    expect_eq(seen[1], 4712u);
    end_pair();
  }
}

TEST("a buffer that is too short: code 4 at both sides, with the bytes that arrived of that string") {
  fill_source();
  for (const Places places : all_places) {
    const Pair pair = make_pair(places);
    for (const Word room : {Word{0}, Word{1}, Word{63}, Word{4096}, Word{4999}, Word{60'000}}) {
      context("room", room);
      clear_target();
      begin(pair);
      transfer.words[0] = l4::Tag::make(12, 0).raw;
      transfer.word(0xabc);
      transfer.string(source() + 3, room == 60'000 ? 70'000 : 5000);
      transfer.buffer({string_head(room), target() + 5});
      run_transfer();
      expect_both_failed(code_overflow, code_overflow, room);
      expect(has_arrived(room, 3, 5), "what there was room for");
      expect(is_clear(target() + 5 + room, 100), "behind the buffer");
      expect_eq(transfer.received.mr[1], 0xabcu, "the untyped word");
    }
    end_pair();
  }
}

TEST("the second string is too long: the offset is that of the second one, compound too; a third is not begun") {
  fill_source();
  clear_target();
  begin(make_pair(Places::two_tasks));
  transfer.string(source(), 1000);
  transfer.item({string_head(300, 2, true), source() + 4096, source() + 5000});
  transfer.item({string_head(50), source() + 6000});
  transfer.string(source(), 10);
  transfer.buffer({string_head(1000) | another_buffer, target()});
  transfer.buffer({string_head(200, 2, true) | another_buffer, target() + 4096, target() + 8192});
  transfer.buffer({string_head(33), target() + 12'288});
  transfer.buffer({string_head(1000), target() + 16'384});
  run_transfer();
  expect_both_failed(code_overflow, code_overflow, 433);
  expect(has_arrived(1000), "the first");
  expect(has_arrived(200, 4096, 4096) && alike(source() + 5000, target() + 8192 + 100, 100) &&
             alike(source() + 5100, target() + 12'288, 33),
         "as much of the second as there was room for");
  expect(is_clear(target() + 16'384, 100), "the third");
}

TEST("no buffer: code 4, offset 0, at both sides") {
  fill_source();
  struct Case {
    const char* what;
    Word acceptor;
    Word buffers[5];
    unsigned strings;
  };
  const Case cases[] = {
      {"strings not accepted", 0, {string_head(100), target()}, 1},
      {"mappings only are accepted", 0x10, {string_head(100), target()}, 1},
      {"the buffer is no string: map", 1, {0x8, target()}, 1},
      {"the buffer is no string: type 7", 1, {0xe, target()}, 1},
      {"one buffer for two strings", 1, {string_head(100), target()}, 2},
      {"the second buffer is no string", 1, {string_head(100) | another_buffer, target(), 0xa, target()}, 2},
      {"a chain that ends in no string", 1, {string_head(5, 1, true), target(), 0xc, target()}, 1},
  };
  const Pair pair = make_pair(Places::two_tasks);
  for (const Case& c : cases) {
    context(c.what);
    clear_target();
    begin(pair);
    for (unsigned i = 0; i < c.strings; ++i) transfer.string(source(), 10);
    for (unsigned i = 0; i < 5; ++i) transfer.buffers[1 + i] = c.buffers[i];
    transfer.buffers[0] = c.acceptor;
    run_transfer();
    const Word copied = c.buffers[0] == string_head(5, 1, true) ? 5 : 0;
    expect_both_failed(code_overflow, code_overflow, copied);
  }
}

TEST("buffers that reach beyond the last buffer register are none") {
  fill_source();
  const Pair pair = make_pair(Places::two_tasks);
  // BR1 .. BR32: a first buffer of 29 pieces and its head is 30 words, two are left.
  for (const unsigned pointers : {1u, 2u, 32u}) {
    context("pointers", pointers);
    begin(pair);
    transfer.string(source(), 10);
    transfer.string(source(), 10);
    transfer.buffers[1] = string_head(100, 29) | another_buffer;
    for (unsigned i = 0; i < 29; ++i) transfer.buffers[2 + i] = target() + i * 100;
    transfer.buffers[31] = string_head(100, pointers);
    transfer.buffers[32] = target() + 8192;
    run_transfer();
    if (pointers == 1)
      expect_success();
    else
      expect_both_failed(code_overflow, code_overflow, 0);
  }
}

TEST("an item that is not accepted: none of the others has been looked at, nothing is mapped or copied") {
  fill_source();
  alignas(4096) static std::byte given[4096];
  const Pair pair{make_task(), make_thread()};
  struct Case {
    const char* what;
    Word acceptor;
  };
  for (const Case& c : {Case{"no strings", 0x10}, Case{"no mappings", accepts_strings}}) {
    context(c.what);
    clear_target();
    begin(pair);
    transfer.item({0x34'0000'0000 | 8, l4::Fpage::page(address_of(given), l4::full_access).raw});
    transfer.string(source(), 100);
    transfer.buffers[0] = c.acceptor;
    transfer.buffer({string_head(100), target()});
    run_transfer();
    expect_both_failed(code_overflow, code_overflow, 0);
    expect(is_clear(target(), 100), "copied");
    // Whoever had got the page would show it now.
    object_at<volatile Word>(address_of(given)) = 1;
    L4_UnmapFpage(l4::Fpage::page(address_of(given), l4::no_access));
    static volatile bool faulted;
    faulted = false;
    slot_of(pair.server).finished = false;
    transfer.receiver_pager = test_thread;
    start(
        pair.server,
        [](Word) {
          L4_Set_Pager(test_thread);
          faulted = true;
          const Word unused = object_at<volatile Word>(0x34'0000'0000);
          faulted = unused == ~Word{0};
        },
        0, runner);
    const Received r = receive(pair.server, timeouts(0, 1'000'000));
    expect(r.tag.is(L4_PageFaultLabel) && faulted, "mapped");
  }
}

TEST("items to who does not take any: a start message and the answer to an exception move their words only") {
  fill_source();
  // A start message with a string.
  Slot& slot = slot_of(make_task({.pager = test_thread}));
  const l4::ThreadId id = slot.id;
  static Word after_start;
  after_start = 0;
  slot.body = [](Word) { after_start = 1; };
  slot.handler = runner;
  const Word sp = runtime::stack_for(enter_body, reinterpret_cast<Word>(&slot), slot.stack);
  Transfer& t = transfer;
  t.begin();
  t.words[0] = l4::Tag::make(0, 0).raw;
  t.word(runtime::thread_entry_ip());
  t.word(sp);
  t.string(source(), 100);
  L4_LoadMRs(0, 64, t.words);
  expect_ok({L4_Send(id).raw});
  StringFault fault;
  t.pair = {id, id};
  while (next_fault(fault, 1'000'000) && after_start == 0) {
    const Word page = fault.address & ~Word{0xfff};
    answer_fault(fault, l4::Fpage::page(page, l4::full_access), page);
  }
  expect_eq(after_start, 1u);
}

TEST("a string in the answer to a page fault: code 4 for the pager, and the fault comes again") {
  fill_source();
  transfer.begin();
  alignas(4096) static std::byte given[4096];
  object_at<Word>(address_of(given)) = 77;
  static volatile Word seen;
  seen = 0;
  const l4::ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(test_thread);
    seen = object_at<volatile Word>(0x35'0000'0000);
  });
  transfer.pair = {id, id};
  StringFault fault;
  require(next_fault(fault));
  expect_eq(fault.address, 0x35'0000'0000u);
  l4::Words m(l4::Tag::make(0, 0, 2), string_head(100), source());
  expect_failed(l4::send_words(id, m, {send_zero}), send_overflow);
  require(next_fault(fault), "the fault comes again");
  expect_eq(fault.address, 0x35'0000'0000u);
  expect_ok(answer_fault(fault, l4::Fpage::page(address_of(given), l4::full_access), fault.address));
  expect(finishes(id));
  expect_eq(seen, 77u);
}
