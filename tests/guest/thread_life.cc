// SPDX-License-Identifier: MIT
// Threads from creation to deletion, and what becomes of those who deal with one
// that goes (manual, chapter 2.4).
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();
ThreadId self() { return ThreadId::self(); }

struct Start {
  Word sp, ip;
};
volatile Word ran;

// Where a thread can be started with no stack of its own worth mentioning.
void note_run(Word argument) { ran = argument; }

struct Entry {
  Word sp, ip;
};
Entry entry_of(ThreadId id, Word argument) {
  Slot& slot = slot_of(id);
  slot.body = note_run;
  slot.argument = argument;
  slot.handler = runner;
  return {runtime::stack_for(enter_body, reinterpret_cast<Word>(&slot), slot.stack),
          runtime::thread_entry_ip()};
}

}  // namespace

TEST("inactive, active, started: what Schedule says, and who can start it") {
  Slot& slot = take_slot();
  const ThreadId id = slot.id, me = self();
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
  expect_eq(thread_control(id, me, me, nil), 0u);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
  expect_eq(thread_control(id, me, nil, me, utcb_at(slot.utcb)), 0u);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});
  // Another thread than its pager cannot start it.
  static ThreadId target;
  target = id;
  const ThreadId stranger = spawn([](Word) { expect_failed(send(target, 0, send_zero), send_timeout); });
  expect(finishes(stranger));
  ran = 0;
  const Entry e = entry_of(id, 5);
  l4::Words m(l4::Tag::make(0x1234, 2), e.ip, e.sp);  // any label
  expect_ok(l4::send_words(id, m, {send_zero}));
  expect(finishes(id));
  expect_eq(ran, 5u);
}

TEST("a start message of another form runs the thread with what ExchangeRegisters has set") {
  for (const unsigned words : {0u, 1u, 3u}) {
    const ThreadId id = make_thread({.pager = self()});
    const Entry e = entry_of(id, 6 + words);
    l4_exchange x = {L4_ExRegSp | L4_ExRegIp, e.sp, e.ip, 0, 0, 0};
    expect(l4_exchange_registers(id.raw, &x) != 0);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});
    l4::Words m(l4::Tag::make(0, words), 1, 2, 3);
    expect_ok(l4::send_words(id, m, {send_zero}));
    expect(finishes(id));
    expect_eq(ran, 6 + words);
  }
}

TEST("a new thread's registers are zero, its flags plain") {
  static Word registers[15], flags;
  for (const bool task : {false, true}) {
    const ThreadId id = task ? make_task({.pager = self()}) : make_thread({.pager = self()});
    for (Word& r : registers) r = 1;
    extern const char guest_first_instruction[];
    asm volatile(
        "jmp 1f\n"
        ".globl guest_first_instruction\n"
        "guest_first_instruction:\n"
        "movq %%rax, %c0\n movq %%rbx, %c0+8\n movq %%rcx, %c0+16\n movq %%rdx, %c0+24\n movq %%rsi, %c0+32\n"
        "movq %%rdi, %c0+40\n movq %%rbp, %c0+48\n movq %%r8, %c0+56\n movq %%r9, %c0+64\n movq %%r10, "
        "%c0+72\n"
        "movq %%r11, %c0+80\n movq %%r12, %c0+88\n movq %%r13, %c0+96\n movq %%r14, %c0+104\n"
        "movq %%r15, %c0+112\n pushfq\n popq %c1\n"
        "2: pause\n jmp 2b\n"
        "1:\n"
        :
        : "i"(&registers[0]), "i"(&flags));
    flags = 0;
    l4::Words m(l4::Tag::make(0, 2), reinterpret_cast<Word>(guest_first_instruction),
                reinterpret_cast<Word>(slot_of(id).stack + sizeof(slot_of(id).stack)));
    if (task) {  // its pages must come from the runner
      l4_exchange x = {L4_ExRegPager, 0, 0, 0, 0, runner.raw};
      l4_exchange_registers(id.raw, &x);
    }
    expect_ok(l4::send_words(id, m, {send_zero}));
    require(eventually([] { return flags != 0; }));
    for (unsigned i = 0; i < 15; ++i) {
      context("register", i);
      expect_eq(registers[i], 0u);
    }
    context("");
    expect_eq(flags & ~Word{0x10055}, 0x202u);  // but for RF and what the compare flags may be
    end_thread(id);
  }
}

TEST("a new thread's control registers") {
  static Word global, processor, pager, handler, handle, local;
  const ThreadId id = spawn_task([](Word) {
    global = L4_MyGlobalId().raw;
    local = L4_MyLocalId().raw;
    processor = static_cast<Word>(L4_ProcessorNo());
    pager = L4_Pager().raw;
    handle = L4_UserDefinedHandle();
    handler = L4_ExceptionHandler().raw;
  });
  expect(finishes(id));
  expect_eq(global, id.raw);
  expect_eq(local, utcb_at(0) + 0x200);
  expect_eq(processor, 0u);
  expect_eq(pager, runner.raw);
  expect_eq(handle, 0u);
  expect_eq(handler, runner.raw);  // set by the test's own first lines
}

TEST("rename: the old id is nobody's, the new one works, version alone decides") {
  static volatile Word got, sent_by;
  static ThreadId new_id;
  const ThreadId id = spawn_task([](Word) {
    const Received r = receive();
    got = static_cast<Word>(r.tag.label());
    sent_by = L4_MyGlobalId().raw;
  });
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  new_id = ThreadId::global(id.number(), id.version() + 2 * 0x10000);
  expect_eq(thread_control(new_id, id, nil, nil), 0u);
  slot_of(id).id = new_id;
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
  expect_failed(send(id, 1, send_zero), send_no_partner);
  expect_eq(state_of(new_id), Word{L4_SCHEDRESULT_WAITING});
  expect_ok(send(new_id, 80));
  expect(finishes(new_id));
  expect_eq(got, 80u);
  expect_eq(sent_by, new_id.raw);
}

namespace {

struct Partner {
  ThreadId target;
  volatile Word error = 0;
  volatile bool done = false;
};
void partner_sends(Word a) {
  Partner& p = object_at<Partner>(a);
  if (send(p.target, 1).failed()) p.error = L4_ErrorCode();
  p.done = true;
}
void partner_calls(Word a) {
  Partner& p = object_at<Partner>(a);
  if (call(p.target, 2).tag.failed()) p.error = L4_ErrorCode();
  p.done = true;
}
void partner_receives(Word a) {
  Partner& p = object_at<Partner>(a);
  if (receive(p.target).tag.failed()) p.error = L4_ErrorCode();
  p.done = true;
}
void partner_receives_timed(Word a) {
  Partner& p = object_at<Partner>(a);
  if (receive(p.target, timeouts(0, 5'000'000)).tag.failed()) p.error = L4_ErrorCode();
  p.done = true;
}

// Brings partners into all states, then `go` makes the target go.
template <typename Go>
void partners_fail(Places places, Go go) {
  static Partner partners[6];
  const Pair pair = make_pair(places);
  const ThreadId target = pair.server;
  const auto begin = [&](unsigned i, ThreadId id, Body body, Word state) {
    partners[i] = {target};
    start(id, body, address_of(partners[i]), runner);
    require(becomes(id, state), "partner waits");
  };
  // A call that the target has taken and not answered.
  partners[0] = {target};
  start(
      target,
      [](Word) {
        receive();
        ran = 1;
        sleep_for_ever();
      },
      0, runner);
  require(becomes(target, L4_SCHEDRESULT_WAITING));
  ran = 0;
  begin(0, pair.client, partner_calls, L4_SCHEDRESULT_WAITING);
  require(eventually([] { return ran == 1; }));
  begin(1, make_thread(), partner_sends, L4_SCHEDRESULT_PENDING_SEND);
  begin(2, make_task(), partner_calls, L4_SCHEDRESULT_PENDING_SEND);
  begin(3, make_thread(), partner_receives, L4_SCHEDRESULT_WAITING);
  begin(4, make_task(), partner_receives_timed, L4_SCHEDRESULT_WAITING);
  begin(5, make_task(), partner_receives, L4_SCHEDRESULT_WAITING);
  go(target);
  const Word expected[] = {receive_no_partner, send_no_partner,    send_no_partner,
                           receive_no_partner, receive_no_partner, receive_no_partner};
  for (unsigned i = 0; i < 6; ++i) {
    context("partner", i);
    expect(eventually([&] { return partners[i].done; }), "was not released");
    expect_eq(partners[i].error, expected[i]);
  }
  context("");
}

}  // namespace

TEST("deletion releases senders, callers and receivers with error 2, in their phase") {
  for (const Places places :
       {Places::both_root, Places::two_tasks, Places::one_task, Places::root_and_task}) {
    partners_fail(places, [](ThreadId target) { end_thread(target); });
    for (Slot& slot : slots) {
      if (!slot.id.is_nil() && slot.id != test_thread) end_thread(slot.id);
    }
  }
}

TEST("a change of the version does the same") {
  partners_fail(Places::two_tasks, [](ThreadId target) {
    const ThreadId renamed(target.raw + 0x40000);
    expect_eq(thread_control(renamed, target, nil, nil), 0u);
    slot_of(target).id = renamed;
  });
}

TEST("the last thread takes its space along; others of the space stay otherwise") {
  const ThreadId first = make_task(), second = make_sibling(first);
  end_thread(first);
  expect_eq(state_of(second), Word{L4_SCHEDRESULT_WAITING});
  static volatile Word alive;
  alive = 0;
  start(
      second, [](Word) { alive = 1; }, 0, runner);
  expect(eventually([] { return alive == 1; }));
  end_thread(second);
  // Its UTCB slot and id can be used again, in a new space.
  for (int round = 0; round < 50; ++round) {
    alive = 0;
    const ThreadId again = spawn_task([](Word) { alive = 2; });
    require(eventually([] { return alive == 2; }));
    end_thread(again);
  }
}

TEST("deletion of threads that are running, halted, sleeping, sending, faulting, never started") {
  static ThreadId me;
  me = self();
  const auto ends = [](ThreadId id) {
    end_thread(id);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
  };
  for (const bool task : {false, true}) {
    const auto make = [&](Body body) { return task ? spawn_task(body) : spawn(body); };
    const ThreadId running = make([](Word) {
      for (;;) asm volatile("pause");
    });
    sleep_us(200);
    expect_eq(state_of(running), Word{L4_SCHEDRESULT_RUNNING});
    ends(running);
    const ThreadId halted = make([](Word) { sleep_for_ever(); });
    sleep_us(200);
    L4_Stop(halted);
    ends(halted);
    const ThreadId sleeping = make([](Word) { sleep_us(1000); });
    sleep_us(200);
    ends(sleeping);
    const ThreadId sending = make([](Word) { send(me, 1, timeouts(3000, 0)); });
    require(becomes(sending, L4_SCHEDRESULT_PENDING_SEND));
    ends(sending);
    ends(task ? make_task() : make_thread());
    Slot& inactive = take_slot();
    expect_eq(thread_control(inactive.id, task ? inactive.id : me, me, nil), 0u);
    ends(inactive.id);
    sleep_us(5000);  // the timeouts of those that have gone
  }
}

TEST("a thread that waits for the deletion of its sender's queue is served in order") {
  static ThreadId me;
  me = self();
  const ThreadId first = spawn([](Word) { send(me, 1); });
  require(becomes(first, L4_SCHEDRESULT_PENDING_SEND));
  const ThreadId second = spawn([](Word) { send(me, 2); });
  require(becomes(second, L4_SCHEDRESULT_PENDING_SEND));
  end_thread(first);
  expect_eq(receive(ThreadId::any(), receive_zero).tag.label(), 2);
  expect_failed(receive(ThreadId::any(), receive_zero).tag, receive_timeout);
}

TEST("200 threads in one space, each answers its own number") {
  static ThreadId me;
  me = self();
  constexpr unsigned count = 200;
  static std::byte stacks[count][512];
  const Word base = runtime::first_free_thread_number() + 1000;
  const ThreadId task = make_task({.pager = runner});
  unsigned made = 0;
  for (; made < count; ++made) {
    const ThreadId id = ThreadId::global(base + made, 1);
    if (!expect_eq(thread_control(id, task, me, me, utcb_at(10 + made)), 0u)) break;
    l4_exchange x = {L4_ExRegPager, 0, 0, 0, 0, runner.raw};
    l4_exchange_registers(id.raw, &x);
    const Word sp = runtime::stack_for(
        [](Word n) {
          call(me, static_cast<long>(n));
          sleep_for_ever();
        },
        made, stacks[made]);
    L4_Start_SpIp(id, sp, runtime::thread_entry_ip());
  }
  for (unsigned i = 0; i < made; ++i) {
    const Received r = receive(ThreadId::global(base + i, 1), timeouts(0, 2'000'000));
    if (!expect_eq(r.tag.label(), static_cast<long>(i))) break;
    if (!expect_eq(r.from, ThreadId::global(base + i, 1))) break;
  }
  for (unsigned i = 0; i < made; ++i) thread_control(ThreadId::global(base + i, 1), nil, nil, nil);
}

TEST("numbers far apart are different threads") {
  const ThreadId me = self();
  const Word numbers[] = {4096, 8192, 12'000, 4096 * 7, 100'000, (Word{1} << 18) - 1};
  for (const Word number : numbers) {
    const ThreadId id = ThreadId::global(number, 3);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
    expect_eq(thread_control(id, me, me, nil), 0u);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
    for (const Word other : numbers)
      if (other > number) expect_eq(state_of(ThreadId::global(other, 3)), Word{L4_SCHEDRESULT_ERROR});
  }
  for (const Word number : numbers) expect_eq(thread_control(ThreadId::global(number, 3), nil, nil, nil), 0u);
}
