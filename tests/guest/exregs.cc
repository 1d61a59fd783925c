// SPDX-License-Identifier: MIT
// ExchangeRegisters (manual, chapter 2.3).
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();

struct Exchanged {
  Word result;
  l4_exchange old;
};
Exchanged exchange(ThreadId dest, Word control, l4_exchange x = {}) {
  x.control = control;
  const Word result = l4_exchange_registers(dest.raw, &x);
  return {result, x};
}
void expect_refused(ThreadId dest, Word control = 0, Location at = Location::current()) {
  const Exchanged e = exchange(dest, control);
  const Word error = L4_ErrorCode();
  if (expect_eq(e.result, 0u, "result", at)) expect_eq(error, Word{L4_ErrInvalidThread}, "error", at);
}

ThreadId local_id(ThreadId id) { return ThreadId(utcb_at(slot_of(id).utcb) + 0x200); }

constexpr Word abort_both = L4_ExRegAbortReceive | L4_ExRegAbortSend;
constexpr Word halt = L4_ExRegApplyHalt | L4_ExRegHalt, resume = L4_ExRegApplyHalt;

volatile Word counter, error_word, tag_word;

void count_up(Word) {
  for (;;) counter = counter + 1;
}
bool counts() {
  const Word before = counter;
  sleep_us(1000);
  return counter != before;
}

// Waits to receive, or to send to a thread that does not listen, and notes how it ends.
void wait_to_receive(Word) {
  const Received r = receive();
  error_word = L4_ErrorCode();
  tag_word = r.tag.raw;
}
ThreadId deaf;
void wait_to_send(Word) {
  l4::Words m(l4::Tag::make(0x55, 2), 1, 2);
  l4::ipc_words(deaf, deaf, {never}, m);
  error_word = L4_ErrorCode();
  tag_word = m[0];
}

}  // namespace

TEST("id conversion: the other form of the id, of one's own and of paged spaces") {
  const ThreadId me = ThreadId::self();
  expect_eq(exchange(me, 0).result, L4_MyLocalId().raw);
  expect_eq(exchange(L4_MyLocalId(), 0).result, me.raw);
  const ThreadId thread = make_thread(), task = make_task(), sibling = make_sibling(task);
  expect_eq(exchange(thread, 0).result, local_id(thread).raw);
  expect_eq(exchange(local_id(thread), 0).result, thread.raw);
  expect_eq(exchange(task, 0).result, local_id(task).raw);
  expect_eq(exchange(sibling, 0).result, local_id(sibling).raw);
  expect(L4_SameThreads(me, L4_MyLocalId()));
}

TEST("nobody, inactive threads, interrupts, special ids: result nil, error 2") {
  Slot& inactive = take_slot();
  const ThreadId me = ThreadId::self();
  expect_eq(thread_control(inactive.id, me, me, nil), 0u);
  expect_refused(inactive.id);
  expect_refused(inactive.id, halt | L4_ExRegIp);
  for (const ThreadId id :
       {nil, ThreadId::any(), ThreadId::any_local(), ThreadId::global(0x3ffff, 1), ThreadId(me.raw + 2),
        ThreadId(0xbf03'fe00), ThreadId(0xbf00'0000), ThreadId(0x8000'0000'0000),
        ThreadId(0xffff'ffff'c000'0000), ThreadId::global(4, 1), ThreadId::global(0, 1)}) {
    context("id", id.raw);
    expect_refused(id);
    expect_refused(id, abort_both | halt);
  }
}

TEST("threads of another space whose pager is elsewhere: error 2, nothing has changed") {
  static ThreadId victim;
  victim = make_task();
  counter = 0;
  start(victim, count_up, 0, runner);
  const ThreadId task = spawn_task([](Word) {
    expect_refused(victim);
    expect_refused(victim, halt | abort_both | L4_ExRegIp | L4_ExRegSp);
    expect_refused(runner, halt);
    expect_refused(test_thread, halt);
    expect_refused(runtime::sigma0(), halt);
  });
  expect(finishes(task));
  expect(counts());
}

TEST("old values: SP, IP, FLAGS, handle, pager; control 0 changes nothing") {
  const ThreadId id = make_task();
  const Word sp = 0x1234'5678, ip = 0x2345'6780, handle = 0x77;
  exchange(id, L4_ExRegSp | L4_ExRegIp | L4_ExRegFlags | L4_ExRegUserHandle, {0, sp, ip, 0x8d5, handle, 0});
  for (int i = 0; i < 2; ++i) {
    const Exchanged e = exchange(id, 0, {0, 1, 2, 3, 4, 5});
    expect_eq(e.old.sp, sp);
    expect_eq(e.old.ip, ip);
    expect_eq(e.old.flags, 0x8d5u | 0x202u);
    expect_eq(e.old.user_handle, handle);
    expect_eq(e.old.pager, runner.raw);
    expect_eq(e.old.control & 7, Word{L4_ExRegWasReceiving});
  }
}

TEST("FLAGS: only CF PF AF ZF SF OF change") {
  const ThreadId id = make_thread();
  exchange(id, L4_ExRegFlags, {0, 0, 0, ~Word{0}, 0, 0});
  expect_eq(exchange(id, 0).old.flags, 0x8d5u | 0x202u);
  exchange(id, L4_ExRegFlags, {0, 0, 0, 0, 0, 0});
  expect_eq(exchange(id, 0).old.flags, 0x202u);
}

TEST("a change of the handle and the pager is seen by the thread itself") {
  static volatile Word handle, pager;
  static ThreadId me;
  me = ThreadId::self();
  handle = 0;
  const ThreadId id = spawn_task([](Word) {
    receive(me);
    handle = L4_UserDefinedHandle();
    pager = L4_Pager().raw;
  });
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  L4_Set_UserDefinedHandleOf(id, 0xabcd);
  L4_Set_PagerOf(id, me);
  expect_eq(L4_PagerOf(id).raw, me.raw);
  expect_ok(send(id, 1));
  expect(finishes(id));
  expect_eq(handle, 0xabcdu);
  expect_eq(pager, me.raw);
}

TEST("old control tells running, receiving, sending and halted") {
  deaf = make_thread();
  const ThreadId receiver = spawn_task(wait_to_receive), sender = spawn_task(wait_to_send);
  require(becomes(receiver, L4_SCHEDRESULT_WAITING) && becomes(sender, L4_SCHEDRESULT_PENDING_SEND));
  expect_eq(exchange(receiver, 0).old.control & 7, Word{L4_ExRegWasReceiving});
  expect_eq(exchange(sender, 0).old.control & 7, Word{L4_ExRegWasSending});
  const ThreadId running = spawn_task(count_up);
  sleep_us(300);
  expect_eq(exchange(running, 0).old.control & 7, 0u);
  expect_eq(exchange(running, halt).old.control & 7, 0u);
  expect_eq(exchange(running, 0).old.control & 7, Word{L4_ExRegWasHalted});
  expect_eq(exchange(receiver, halt).old.control & 7, Word{L4_ExRegWasReceiving});
  expect_eq(exchange(receiver, 0).old.control & 7, Word{L4_ExRegWasReceiving} | Word{L4_ExRegWasHalted});
}

TEST("abort: a receive ends with error 3 in its phase, a send in its own") {
  for (const bool task : {false, true}) {
    const auto make = [&](Body body) { return task ? spawn_task(body) : spawn(body); };
    deaf = make_thread();
    ThreadId id = make(wait_to_receive);
    require(becomes(id, L4_SCHEDRESULT_WAITING));
    exchange(id, L4_ExRegAbortSend);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING}, "abort send of a receiver");
    exchange(id, L4_ExRegAbortReceive);
    expect(finishes(id));
    expect_eq(error_word, receive_cancelled);
    expect((tag_word & 0x8000) != 0);
    end_thread(id);

    id = make(wait_to_send);
    require(becomes(id, L4_SCHEDRESULT_PENDING_SEND));
    exchange(id, L4_ExRegAbortReceive);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_PENDING_SEND}, "abort receive of a sender");
    exchange(id, L4_ExRegAbortSend);
    expect(finishes(id));
    expect_eq(error_word, send_cancelled);
    expect_eq(tag_word, l4::Tag::make(0x55, 2).raw | 0x8000);
    end_thread(id);

    id = make([](Word) { sleep_for_ever(); });
    require(becomes(id, L4_SCHEDRESULT_WAITING));
    exchange(id, abort_both);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
    end_thread(id);
  }
}

TEST("abort with a new IP and SP: the thread goes on there") {
  for (const bool task : {false, true}) {
    const ThreadId id = task ? spawn_task(wait_to_receive) : spawn(wait_to_receive);
    require(becomes(id, L4_SCHEDRESULT_WAITING));
    counter = 0;
    start(
        id, [](Word n) { counter = n; }, 99, runner);
    expect(finishes(id));
    expect_eq(counter, 99u);
  }
}

TEST("abort of a receive that has its message waiting already") {
  // The thread's send is taken while another sender queues at it, so that its
  // receive phase has something to take, and is aborted before it runs.
  static ThreadId me, victim;
  me = ThreadId::self();
  error_word = 0;
  tag_word = 0;
  victim = spawn([](Word) {
    l4::Words m(l4::Tag::make(0x66, 0));
    l4::ipc_words(me, ThreadId::any(), {never}, m);
    error_word = L4_ErrorCode();
    tag_word = m[0];
  });
  require(becomes(victim, L4_SCHEDRESULT_PENDING_SEND));
  const ThreadId other = spawn([](Word) { send(victim, 0x77); });
  require(becomes(other, L4_SCHEDRESULT_PENDING_SEND));
  expect_eq(receive(victim).tag.label(), 0x66);
  exchange(victim, abort_both);
  expect(finishes(victim));
  expect((tag_word & 0x8000) != 0, "the receive has not been aborted");
  expect_eq(error_word, receive_cancelled);
}

TEST("halt and resume a running thread") {
  counter = 0;
  const ThreadId id = spawn_task(count_up);
  expect(counts());
  exchange(id, halt);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
  expect(!counts(), "it goes on");
  exchange(id, L4_ExRegHalt);  // the value without the bit that applies it
  exchange(id, 0);
  expect(!counts());
  exchange(id, resume);
  expect(counts());
  exchange(id, L4_ExRegHalt);
  expect(counts());
}

TEST("halt a waiting thread: its IPC completes, then it stops until it is resumed") {
  for (const bool task : {false, true}) {
    const ThreadId id = task ? spawn_task(wait_to_receive) : spawn(wait_to_receive);
    require(becomes(id, L4_SCHEDRESULT_WAITING));
    tag_word = 0;
    exchange(id, halt);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
    expect_ok(send(id, 0x88, send_zero));
    sleep_us(500);
    expect_eq(tag_word, 0u, "it has gone on");
    exchange(id, resume);
    expect(finishes(id));
    expect_eq(tag_word, l4::Tag::make(0x88, 0).raw);
    end_thread(id);
  }
}

TEST("halt a sending thread: its message is taken, then it stops until it is resumed") {
  static ThreadId me;
  me = ThreadId::self();
  counter = 0;
  const ThreadId id = spawn_task([](Word) {
    send(me, 0x99);
    counter = 1;
  });
  require(becomes(id, L4_SCHEDRESULT_PENDING_SEND));
  exchange(id, halt);
  expect_eq(receive(id, receive_zero).tag.label(), 0x99);
  sleep_us(500);
  expect_eq(counter, 0u);
  exchange(id, resume);
  expect(finishes(id));
}

TEST("halt during a call between spaces: the answer arrives, the caller stops") {
  static ThreadId server, me;
  me = ThreadId::self();
  server = spawn_task([](Word) {
    Received r = receive();
    for (;;) {
      sleep_us(1000);
      r = reply_wait(r.from, r.tag.label() + 1);
    }
  });
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  counter = 0;
  const ThreadId client = spawn_task([](Word) { counter = static_cast<Word>(call(server, 7).tag.label()); });
  sleep_us(400);
  exchange(client, halt);
  sleep_us(3000);
  expect_eq(counter, 0u);
  exchange(client, resume);
  expect(finishes(client));
  expect_eq(counter, 8u);
}

TEST("a halted thread that is given a new IP runs there after it is resumed") {
  const ThreadId id = spawn_task(count_up);
  sleep_us(300);
  exchange(id, halt);
  counter = 0;
  Slot& slot = slot_of(id);
  slot.body = [](Word n) { counter = n; };
  slot.argument = 41;
  const Word sp = runtime::stack_for(enter_body, reinterpret_cast<Word>(&slot), slot.stack);
  exchange(id, L4_ExRegSp | L4_ExRegIp, {0, sp, runtime::thread_entry_ip(), 0, 0, 0});
  expect(!counts());
  exchange(id, resume);
  expect(finishes(id));
  expect_eq(counter, 41u);
}

TEST("on oneself: handle, pager, flags, and a jump by IP and SP") {
  counter = 0;
  for (const bool task : {false, true}) {
    const Body body = [](Word) {
      const ThreadId me = ThreadId::self();
      L4_Set_UserDefinedHandleOf(me, 0x4321);
      expect_eq(L4_UserDefinedHandle(), 0x4321u);
      const Exchanged e = exchange(L4_MyLocalId(), 0);
      expect_eq(e.result, me.raw);
      expect_eq(e.old.user_handle, 0x4321u);
      expect_eq(e.old.control & 7, 0u);
      Slot& slot = slot_of(me);
      slot.body = [](Word n) { counter = n; };
      slot.argument = 55;
      const Word sp = runtime::stack_for(enter_body, reinterpret_cast<Word>(&slot), slot.stack);
      exchange(me, L4_ExRegSp | L4_ExRegIp, {0, sp, runtime::thread_entry_ip(), 0, 0, 0});
      expect(false, "it has come back");
    };
    counter = 0;
    const ThreadId id = task ? spawn_task(body) : spawn(body);
    expect(finishes(id), "did not arrive at the new IP");
    expect_eq(counter, 55u);
  }
}

TEST("halting oneself, until another thread resumes") {
  counter = 0;
  const ThreadId id = spawn_task([](Word) {
    exchange(ThreadId::self(), halt);
    counter = 1;
  });
  require(becomes(id, L4_SCHEDRESULT_INACTIVE));
  expect_eq(counter, 0u);
  exchange(id, resume);
  expect(finishes(id));
}

TEST("abort of a page fault: the instruction is tried again at the (new) IP, message registers kept") {
  static ThreadId me;
  me = ThreadId::self();
  static constexpr Word unmapped = 0x7000'0000;
  const ThreadId id = spawn_task([](Word) {
    for (int i = 8; i < 64; ++i) L4_LoadMR(i, 0x600 + static_cast<Word>(i));
    L4_Set_Pager(me);
    *reinterpret_cast<volatile Word*>(unmapped) = 1;
  });
  for (int round = 0; round < 3; ++round) {
    l4::Words m;
    l4::ipc_words(nil, id, {timeouts(0, 1'000'000)}, m);
    require(l4::Tag{m[0]}.ok() && l4::Tag{m[0]}.is(L4_PageFaultLabel));
    expect_eq(m[1], unmapped);
    expect_eq(exchange(id, L4_ExRegAbortReceive).old.control & 7, Word{L4_ExRegWasReceiving});
  }
  l4::Words m;
  l4::ipc_words(nil, id, {timeouts(0, 1'000'000)}, m);
  L4_Set_PagerOf(id, runner);
  counter = 0;
  start(
      id,
      [](Word) {
        for (int i = 8; i < 64; ++i) {
          Word word;
          L4_StoreMR(i, &word);
          expect_eq(word, 0x600 + static_cast<Word>(i));
        }
        counter = 1;
      },
      0, runner);
  expect(finishes(id));
}

TEST("no kernel value is visible after ExchangeRegisters, except that a waiting thread is in a stub") {
  const ThreadId id = spawn_task(wait_to_receive);
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  Frame f = marked_frame();
  f.rax = id.raw;
  f.rsi = 0;
  guest_call(f, l4_links.exchange_registers);
  expect_no_kernel_value(f, "ExchangeRegisters");
  expect(in_stub_page(f.r8));
}
