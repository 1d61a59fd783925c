// SPDX-License-Identifier: MIT
// Interrupts come in the middle of what takes long. How long each of them waits is
// measured by bench/latency, where time is exact; here it is counted how often the
// clock's handler runs before the operation is over. Two could come even if it were not
// interruptible: one just when it begins, and one just when it ends. More than two, once,
// are enough: on a busy machine the emulator's clock may miss many of its periods.
#include "../../bench/latency/rtc.h"
#include "messages.h"

using namespace guest;

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Words;

constexpr Word page_size = 0x1000, window = Word{1} << 36, string_target = Word{1} << 35;
constexpr unsigned region_order = 24, string_order = 22;
constexpr ThreadId clock = ThreadId::global(bench::rtc_line, 1);
constexpr Word string_header(Word bytes) { return bytes << 10; }

constinit volatile bool going_on = false;
constinit volatile unsigned seen = 0;

// Takes what it is sent, mappings anywhere and strings.
void take_all(Word) {
  L4_Accept(L4_AddAcceptor(L4_MapGrantItems(Fpage::complete()), L4_StringItemsAcceptor));
  L4_LoadBR(1, string_header(Word{1} << string_order));
  L4_LoadBR(2, string_target);
  Words message;
  ThreadId from = l4::wait_words(message);
  while (message.tag().ok()) {
    message = Words(Tag::make(0, 0));
    from = l4::reply_and_wait_words(from, message);
  }
}

void send_item(ThreadId to, Word first, Word second) {
  Words message(Tag::make(0, 0, 2), first, second);
  require(l4::call_words(to, message).raw == 0, "the item was not taken");
}
void give(ThreadId to, Fpage pages, Word at) {
  const L4_MapItem_t item = L4_MapItem(pages, at);
  send_item(to, item.raw[0], item.raw[1]);
}
void give_often(ThreadId to, Word page, Word count) {
  constexpr Word items = 31;
  for (Word i = 0; i < count; i += items) {
    l4::Message message(0);
    for (Word j = 0; j < items; ++j) {
      message.map(Fpage::page(page, l4::full_access), window + (i + j) * page_size);
    }
    message.load();
    require(L4_Call(to).raw == 0, "the items were not taken");
  }
}

// 16 MiB in pages of 4 KiB, each got by itself.
Fpage region() {
  constexpr Word base = Word{1} << 42;
  static bool there = false;
  for (Word at = 0; !there && at < Word{1} << region_order; at += page_size) {
    require(!L4_IsNilFpage(L4_Sigma0_GetAny(runtime::sigma0(), 12, Fpage::page(base + at))), "no page");
  }
  there = true;
  return Fpage::memory(base, region_order, l4::full_access);
}

void handle_clock(Word) {
  l4::Tag tag = receive(clock).tag;
  while (tag.ok()) {
    if (going_on) seen = seen + 1;
    bench::silence_rtc();
    Words message(Tag::make(0, 0));
    l4::ipc_words(clock, clock, {never}, message);
    tag = message.tag();
  }
}

constinit ThreadId handler;

void start_clock() {
  static bool ports = false;
  if (!ports) require(runtime::claim_ports(bench::rtc_ports, bench::rtc_ports_order));
  ports = true;
  handler = spawn(handle_clock, 0, {.priority = 210});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  require(thread_control(clock, clock, ThreadId::nil(), handler) == 0);
  bench::start_rtc();
  sleep_us(1000);
}

void stop_clock() {
  bench::stop_rtc();
  expect_eq(thread_control(clock, clock, ThreadId::nil(), clock), 0u);
  end_thread(handler);
}

void nothing() {}

template <class Prepare, class Operation>
void expect_interrupts(Prepare prepare, Operation operation) {
  constexpr unsigned tries = 10, without_interruption = 2;
  unsigned most = 0;
  start_clock();
  for (unsigned i = 0; i < tries && most <= without_interruption; ++i) {
    prepare();
    seen = 0;
    going_on = true;
    operation();
    going_on = false;
    if (seen > most) most = seen;
  }
  stop_clock();
  context("most", most);
  expect(most > without_interruption, "interrupts in the middle");
}

}  // namespace

TEST("while 200,000 mappings of a page are revoked") {
  const ThreadId other = spawn_task(take_all);
  const Word page = region().base();
  expect_interrupts([&] { give_often(other, page, 200'000); },
                    [&] { L4_UnmapFpage(Fpage::page(page, l4::full_access)); });
}

TEST("while 200,000 mappings of a page are asked about, and lose a right") {
  const ThreadId other = spawn_task(take_all);
  const Word page = region().base();
  const auto fill = [&] { give_often(other, page, 200'000); };
  fill();
  expect_interrupts(nothing, [&] { L4_UnmapFpage(Fpage::page(page, l4::no_access)); });
  expect_interrupts(fill, [&] { L4_UnmapFpage(Fpage::page(page, l4::write)); });
}

TEST("while a space with 200,000 mappings is deleted") {
  ThreadId other;
  expect_interrupts(
      [&] {
        other = spawn_task(take_all);
        for (Word i = 0; i < 49; ++i) give(other, region(), window + (i << region_order));
      },
      [&] { end_thread(other); });
}

TEST("while 16 MiB are mapped page by page, and when 16 times that is unmapped") {
  const ThreadId other = spawn_task(take_all);
  expect_interrupts([&] { L4_UnmapFpage(region()); }, [&] { give(other, region(), window); });
  expect_interrupts(
      [&] {
        for (Word i = 0; i < 16; ++i) give(other, region(), window + (i << region_order));
      },
      [&] { L4_UnmapFpage(region()); });
}

TEST("while a string of 4 MiB is copied") {
  const ThreadId other = spawn_task(take_all);
  const Word source = region().base(), bytes = Word{1} << string_order;
  give(other, Fpage::memory(source, string_order, l4::full_access), string_target);
  expect_interrupts(nothing, [&] { send_item(other, string_header(bytes), source + bytes); });
}
