// SPDX-License-Identifier: MIT
// Page faults in the middle of a string (manual, chapters 5.5 and 7.3): who is asked,
// with which message, what the pager and the partners can do meanwhile.
#include "strings.h"

using namespace guest;

namespace {

// Both sides' memory is where nothing is before the test, their pager, gives it.
void begin(Pair pair, Word from, Word to, Word length) {
  fill_source();
  clear_target();
  empty_areas();
  transfer.begin();
  transfer.pair = pair;
  transfer.sender_pager = transfer.receiver_pager = test_thread;
  transfer.string(source_area + from, length);
  transfer.buffer({string_head(length), target_area + to});
}

constexpr Word read_fault = 0xffff'ffff'ffe4'0002, write_fault = 0xffff'ffff'ffe2'0002;

void expect_fault(const StringFault& fault, bool writes, Word address, Location at = Location::current()) {
  expect_eq(fault.from, writes ? transfer.pair.server : transfer.pair.client, "who", at);
  expect_eq(fault.tag.raw, writes ? write_fault : read_fault, "tag", at);
  expect_eq(fault.address, address, "address", at);
  if (writes)
    expect_eq(fault.ip, ~Word{0}, "IP", at);
  else
    expect(in_stub_page(fault.ip), "IP", at);
}
void await_fault(bool writes, Word address, Location at = Location::current()) {
  StringFault fault;
  require(next_fault(fault), "a fault", at);
  expect_fault(fault, writes, address, at);
  answer_page(fault);
}

}  // namespace

TEST("each missing page of either side is asked for once, in the name of its side, at the byte that is due") {
  for (const Places places : all_places) {
    for (const First first : {First::receiver, First::sender}) {
      context("places", static_cast<Word>(places) * 2 + (first == First::sender));
      begin(make_pair(places), 0xff0, 0x804, 0x2020);
      start_transfer(first);
      await_fault(false, source_area + 0xff0);
      await_fault(true, target_area + 0x804);
      await_fault(false, source_area + 0x1000);
      await_fault(true, target_area + 0x1000);
      await_fault(false, source_area + 0x2000);
      await_fault(true, target_area + 0x2000);
      await_fault(false, source_area + 0x3000);
      expect_end();
      expect_success();
      expect(has_arrived(0x2020, 0xff0, 0x804), "contents");
      expect(is_clear(target(), 0x804) && is_clear(target() + 0x804 + 0x2020, 64), "around it");
      end_pair();
    }
  }
}

TEST("a page of the buffer that can only be read is a write fault") {
  begin(make_pair(Places::two_tasks), 0, 0, 100);
  start_transfer();
  await_fault(false, source_area);
  StringFault fault;
  require(next_fault(fault));
  expect_fault(fault, true, target_area);
  expect_ok(answer_fault(fault, l4::Fpage::page(backing(fault.address), l4::read), fault.address));
  await_fault(true, target_area);
  expect_end();
  expect_success();
}

TEST("pages without pointers to them are not asked for: strings of no length, and pieces that end in time") {
  begin(make_pair(Places::two_tasks), 0, 0, 0);
  transfer.string(source_area, 4096);
  transfer.buffers[1] |= another_buffer;
  transfer.buffer({string_head(4096), target_area + 4096});
  start_transfer();
  await_fault(false, source_area);
  await_fault(true, target_area + 4096);
  expect_end();
  expect_success();
}

TEST("the partners see nothing of the faults: registers and control registers as without any") {
  begin(make_pair(Places::one_task), 0, 0, 10'000);
  static Word senders[40];
  for (unsigned i = 0; i < 20; ++i) transfer.word(0x100 + i);
  start(
      transfer.pair.server, receive_strings, 0, runner);
  require(becomes(transfer.pair.server, L4_SCHEDRESULT_WAITING));
  forget_end();
  start(
      transfer.pair.client,
      [](Word) {
        touch_program();
        L4_Set_Pager(test_thread);
        l4_utcb()[L4_TCR_ERROR_CODE] = 0x4711;
        L4_Set_VirtualSender(l4::ThreadId(0x4712));
        L4_LoadBRs(0, 10, transfer.words);
        L4_LoadMRs(0, 64, transfer.words);
        L4_ThreadId_t from;
        note_outcome(transfer.sent, L4_Ipc(transfer.pair.server, L4_nilthread, never, &from), from);
        senders[0] = L4_ErrorCode();
        senders[1] = L4_ActualSender().raw;
        L4_StoreBRs(0, 10, senders + 2);
      },
      0, runner);
  expect_eq(serve_faults(), 6u);
  expect_end();
  expect_success();
  expect_eq(senders[0], 0x4711u);
  expect_eq(senders[1], 0x4712u);
  for (unsigned i = 0; i < 10; ++i) expect_eq(senders[2 + i], transfer.words[i]);
  for (unsigned i = 1; i < transfer.end(); ++i) {
    context("message register", i);
    expect_eq(transfer.sent.mr[i], transfer.words[i]);
    expect_eq(transfer.received.mr[i], transfer.words[i]);
  }
  expect(has_arrived(10'000), "contents");
}

TEST("a message in another's name, or redirected, is that also after a fault of the sender") {
  // In the name of a sibling.
  const l4::ThreadId client = make_task(), server = make_task();
  const l4::ThreadId name = make_sibling(client);
  static l4::ThreadId virtual_sender;
  static Word actual, intended;
  virtual_sender = name;
  begin({server, client}, 0, 0, 5000);
  transfer.words[0] |= 1 << 12;
  const auto receiver = [](Word a) {
    receive_strings(a);
    actual = L4_ActualSender().raw;
    intended = L4_IntendedReceiver().raw;
  };
  const Body sender = [](Word a) {
    L4_Set_VirtualSender(virtual_sender);
    send_strings(a);
  };
  forget_end();
  start(server, receiver, 0, runner);
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  start(client, sender, 0, runner);
  expect_eq(serve_faults(), 4u);
  expect_end();
  expect_success();
  expect_eq(transfer.received.from, name);
  expect_eq(actual, client.raw);
  end_pair();
  end_thread(name);

  // Redirected to the receiver. The sender's pager lives in the redirector's space.
  const l4::ThreadId redirector = make_thread(), meant = make_task(), task = make_task();
  begin({redirector, task}, 0, 0, 5000);
  expect_eq(space_control(task, kip_area, utcb_area, redirector), 0u);
  transfer.receiver_pager = test_thread;
  virtual_sender = meant;
  start(redirector, receiver, 0, runner);
  require(becomes(redirector, L4_SCHEDRESULT_WAITING));
  forget_end();
  start(
      task,
      [](Word) {
        touch_program();
        L4_Set_Pager(test_thread);
        L4_LoadMRs(0, 64, transfer.words);
        L4_ThreadId_t from;
        note_outcome(transfer.sent, L4_Ipc(virtual_sender, L4_nilthread, never, &from), from);
      },
      0, runner);
  expect_eq(serve_faults(), 4u);
  expect_end();
  expect_eq(transfer.sent.error, 0u);
  expect_eq(transfer.received.error, 0u);
  expect_eq(transfer.received.tag.raw, transfer.words[0] | 1 << 13);
  expect_eq(transfer.received.from, task);
  expect_eq(intended, meant.raw);
}

TEST("a pager that answers with all of a large region: every page of it, the last one too, is then there") {
  begin(make_pair(Places::two_tasks), 0, 0, 100);
  static constexpr unsigned order = 18;  // 64 pages of 4 KiB
  alignas(0x40000) static std::byte region[Word{1} << order];
  for (const Word page : {Word{63}, Word{40}, Word{0}}) {
    context("page", page);
    begin(transfer.pair, 0, 0, 100);
    const Word at = source_area + (Word{1} << order);
    transfer.words[2] = at + page * 4096 + 8;
    object_at<Word>(address_of(region) + page * 4096 + 8) = 0xfeed'0000 + page;
    start_transfer();
    StringFault fault;
    unsigned count = 0;
    while (next_fault(fault) && ++count < 20) {
      if (fault.writes())
        answer_page(fault);
      else
        expect_ok(answer_fault(fault, l4::Fpage::memory(address_of(region), order, l4::full_access), at));
    }
    if (!expect(is_done(), "the pager is asked again and again")) {
      for (const l4::ThreadId side : {transfer.pair.client, transfer.pair.server}) L4_AbortIpc_and_stop(side);
      return;
    }
    expect(count <= 2 + 1, "too many faults");
    expect_success();
    expect_eq(object_at<Word>(target()), 0xfeed'0000 + page);
    L4_UnmapFpage(l4::Fpage::memory(address_of(region), order, l4::full_access));
  }
}

TEST("a pager that answers with nothing, or not with the page, is asked again") {
  begin(make_pair(Places::two_tasks), 0, 0, 100);
  start_transfer();
  for (unsigned i = 0; i < 3; ++i) {
    StringFault fault;
    require(next_fault(fault));
    expect_fault(fault, false, source_area);
    l4::Words m(l4::Tag::make(7, i));
    if (i == 2)
      expect_ok(answer_fault(fault, l4::Fpage::page(source(), l4::full_access), source_area + 0x10'0000));
    else
      expect_ok(l4::send_words(fault.from, m, {send_zero}));
  }
  expect_eq(serve_faults(), 2u);
  expect_end();
  expect_success();
}

TEST("a pager that takes pages away again: each is asked for once more when it is needed") {
  begin(make_pair(Places::two_tasks), 0, 0, 4 * 4096);
  start_transfer();
  unsigned count = 0;
  for (StringFault fault; next_fault(fault); ++count) {
    // What was given before is gone; only the present page of the other side stays.
    const Word page = fault.address & ~Word{0xfff};
    for (Word i = 0; i < side_bytes; i += 4096) {
      const bool other_side_due = !fault.writes() ? false : i == page - target_area;
      if (!other_side_due) L4_UnmapFpage(l4::Fpage::page(source() + i, l4::full_access));
      L4_UnmapFpage(l4::Fpage::page(target() + i, l4::full_access));
    }
    answer_page(fault);
    require(count < 100, "no end");
  }
  expect_end();
  expect_success();
  expect_eq(count, 8u);
  expect(has_arrived(4 * 4096), "contents");
}

TEST("the sender's states: sending and receiving in a transfer, also while a pager is waited for") {
  for (const bool writes : {false, true}) {
    context(writes ? "receiver's fault" : "sender's fault");
    begin(make_pair(Places::two_tasks), 0, 0, 100);
    (writes ? transfer.sender_pager : transfer.receiver_pager) = runner;
    if (writes) transfer.words[2] = source();
    if (!writes) transfer.buffers[2] = target();
    start_transfer();
    StringFault fault;
    require(next_fault(fault));
    expect_fault(fault, writes, writes ? target_area : source_area);
    expect_eq(state_of(transfer.pair.client), Word{L4_SCHEDRESULT_SENDING});
    expect_eq(state_of(transfer.pair.server), Word{L4_SCHEDRESULT_RECEIVING});
    l4_exchange x = {};
    l4_exchange_registers(transfer.pair.client.raw, &x);
    if (!writes) expect_eq(x.control, Word{L4_ExRegWasSending}, "old control of the sender");
    x = {};
    l4_exchange_registers(transfer.pair.server.raw, &x);
    if (writes) expect_eq(x.control, Word{L4_ExRegWasReceiving}, "old control of the receiver");
    answer_page(fault);
    expect_end();
    expect_success();
    end_pair();
  }
}

TEST("a pager that is busy is waited for; meanwhile the sides are sending and receiving") {
  static l4::ThreadId busy;
  static volatile bool go;
  for (const bool writes : {false, true}) {
    context(writes ? "receiver's fault" : "sender's fault");
    go = false;
    busy = spawn([](Word) {
      while (!go) sleep_us(100);
      // Hands on what comes to the test.
      l4::Words m;
      const l4::ThreadId from = l4::ipc_words(l4::ThreadId::nil(), l4::ThreadId::any(), {never}, m);
      const Word page = (m[1] >= target_area ? target() + (m[1] - target_area) : source() + (m[1] - source_area)) &
                        ~Word{0xfff};
      m = l4::Words(l4::Tag::make(0, 0, 2), (m[1] & ~Word{0xfff}) | 8, l4::Fpage::page(page, l4::full_access).raw);
      expect_ok(l4::send_words(from, m, {send_zero}));
    });
    begin(make_pair(Places::two_tasks), 0, 0, 100);
    transfer.sender_pager = transfer.receiver_pager = busy;
    if (writes) transfer.words[2] = source();
    if (!writes) transfer.buffers[2] = target();
    start_transfer();
    require(becomes(transfer.pair.client, L4_SCHEDRESULT_SENDING), "sending");
    expect_eq(state_of(transfer.pair.server), Word{L4_SCHEDRESULT_RECEIVING});
    // Its own pager, or a thread of its space, may ask: it is still what it does.
    const l4::ThreadId side = writes ? transfer.pair.server : transfer.pair.client;
    l4_exchange x = {};
    expect(l4_exchange_registers(side.raw, &x) != 0);
    expect_eq(x.control, Word{writes ? L4_ExRegWasReceiving : L4_ExRegWasSending}, "old control");
    go = true;
    expect_end();
    expect_success();
    end_pair();
    end_thread(busy);
  }
}

TEST("the message and the buffers are changed in the middle: at worst both sides get an error, the same one") {
  // Both partners live here, so that the test reaches their UTCBs.
  const Pair pair = make_pair(Places::both_root);
  const Word send_utcb = utcb_at(slot_of(pair.client).utcb) + 0x200;
  const Word receive_utcb = utcb_at(slot_of(pair.server).utcb) + 0x200;
  Word* const mr = reinterpret_cast<Word*>(send_utcb);
  Word* const br0 = reinterpret_cast<Word*>(receive_utcb - 0x80);
  struct Change {
    const char* what;
    bool buffer;      // else the message
    unsigned index;   // of the register, from the descriptor's head
    Word value;
    Word code;        // 0: it arrives
  };
  const Change changes[] = {
      {"the string's length is 0", false, 0, string_head(0), 0},
      {"the string ends before what is done", false, 0, string_head(2000), 0},
      {"the string is longer", false, 0, string_head(20'000), code_overflow},
      {"the string is enormous", false, 0, ~Word{0x3ff}, code_overflow},
      {"the string has 32 pointers", false, 0, string_head(6000, 32), code_overflow},
      {"the string continues", false, 0, string_head(6000, 1, true), 0},
      {"the string is a map item", false, 0, 8, 0},
      {"the pointer is elsewhere", false, 1, source_area + 8 * 4096, 0},
      {"the pointer is beyond the user area", false, 1, 0xffff'8000'0000'0000, code_aborted},
      {"the buffer's length is 0", true, 1, string_head(0), code_overflow},
      {"the buffer ends before what is done", true, 1, string_head(2000), code_overflow},
      {"the buffer is a map item", true, 1, 8, code_overflow},
      {"the buffer has 32 pointers", true, 1, string_head(6000, 32), code_overflow},
      {"the buffer goes on with nothing", true, 1, string_head(4096, 1, true), code_overflow},
      {"the buffer goes on behind the registers", true, 1, string_head(0, 31, true), code_overflow},
      {"strings are not accepted any more", true, 0, 0, 0},
      {"the pointer is elsewhere", true, 2, target_area + 8 * 4096, 0},
      {"the pointer is beyond the user area", true, 2, 0x0000'7fff'ffff'f000, code_aborted},
  };
  for (const Change& c : changes) {
    context(c.what, c.buffer);
    begin(pair, 0, 0, 6000);
    for (unsigned i = 0; i < 10; ++i) transfer.word(0x700 + i);  // the item stands in the UTCB, then
    start_transfer();
    await_fault(false, source_area);
    await_fault(true, target_area);
    StringFault fault;
    require(next_fault(fault));
    expect_fault(fault, false, source_area + 4096);
    (c.buffer ? br0[-static_cast<long>(c.index)] : mr[11 + c.index]) = c.value;
    answer_page(fault);
    serve_faults();
    expect_end();
    expect_eq(transfer.sent.error & 0xe, c.code << 1, "code");
    expect_eq(transfer.sent.error | 1, transfer.received.error | (transfer.sent.error == 0), "the same error");
    expect_eq(transfer.received.mr[5], 0x704u, "an untyped word");
  }
}

TEST("the pager of a side is the one that its UTCB names at the time of the fault") {
  const Pair pair = make_pair(Places::both_root);
  begin(pair, 0, 0, 6000);
  static unsigned served;
  served = 0;
  const l4::ThreadId other = spawn([](Word) {
    l4::Words m;
    const l4::ThreadId from = l4::ipc_words(l4::ThreadId::nil(), l4::ThreadId::any(), {never}, m);
    ++served;
    const Word page = source() + (m[1] - source_area);
    m = l4::Words(l4::Tag::make(0, 0, 2), m[1] | 8, l4::Fpage::page(page, l4::full_access).raw);
    expect_ok(l4::send_words(from, m, {send_zero}));
  });
  start_transfer();
  await_fault(false, source_area);
  StringFault fault;
  require(next_fault(fault));
  expect_fault(fault, true, target_area);
  reinterpret_cast<Word*>(utcb_at(slot_of(pair.client).utcb) + 0x200)[L4_TCR_PAGER] = other.raw;
  answer_page(fault);
  await_fault(true, target_area + 4096);
  expect_end();
  expect_success();
  expect_eq(served, 1u);
}

TEST("UTCBs can be sent from and be buffers; the kernel interface page can not: 7 at both sides") {
  const Pair pair = make_pair(Places::two_tasks);
  begin(pair, 0, 0, 0x200);
  transfer.words[2] = runtime::utcb_address;
  transfer.buffers[2] = runtime::utcb_address + 0x400;  // the next thread's, whom there is not
  start_transfer();
  expect_eq(serve_faults(), 0u);
  expect_end();
  expect_success();
  for (const bool sends : {true, false}) {
    context("sends", sends);
    begin(pair, 0, 0, 0x200);
    transfer.words[2] = sends ? runtime::kip_address : source();
    transfer.buffers[2] = sends ? target() : runtime::kip_address;
    start_transfer();
    expect_eq(serve_faults(), 0u);
    expect_end();
    expect_both_failed(code_aborted, code_aborted, 0);
  }
}
