// SPDX-License-Identifier: MIT
// The FS base, which ExchangeRegisters sets (extension "fsbase").
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;

// What a thread finds behind FS: a word of its own.
struct Block {
  Word word;
};
Block blocks[4];

Word behind_fs() {
  Word word;
  asm volatile("movq %%fs:0, %0" : "=r"(word));
  return word;
}

Word set_base(ThreadId id, Word base) {
  Word old;
  return L4_Set_FsBaseOf(id, base, &old) != 0 ? 0 : L4_ErrorCode();
}
Word base_before(ThreadId id, Word base) {
  Word old;
  expect(L4_Set_FsBaseOf(id, base, &old) != 0);
  return old;
}

void load_fs(unsigned short selector) { asm volatile("movw %0, %%fs" : : "r"(selector)); }

void make_blocks() {
  for (Word i = 0; i < 4; ++i) blocks[i].word = 0xb10c'0000 + i;
}

}  // namespace

TEST("a thread sets its own FS base, and has it after IPC, sleep, a fault and an exception") {
  make_blocks();
  const ThreadId me = ThreadId::self();
  static ThreadId handler;
  handler = me;
  for (const bool task : {false, true}) {
    context("task", task);
    const Body body = [](Word) {
      touch_program();
      L4_Set_ExceptionHandler(handler);
      expect_eq(base_before(ThreadId::self(), address_of(blocks[1])), 0u);
      const auto look = [](const char* when) { expect_eq(behind_fs(), blocks[1].word, when); };
      look("at once");
      sleep_us(200);
      look("after a sleep");
      call(handler, 1);
      look("after IPC");
      asm volatile("ud2");
      look("after an exception");
      L4_ThreadSwitch(ThreadId::nil());
      look("after ThreadSwitch");
      expect_eq(base_before(L4_MyLocalId(), 0), address_of(blocks[1]));
      expect_eq(base_before(ThreadId::self(), 0), 0u);
    };
    const ThreadId id = task ? spawn_task(body) : spawn(body);
    Received r = receive(ThreadId::any(), timeouts(0, 1'000'000));
    require(r.tag.label() == 1);
    l4::Words m(l4::Tag::make(0, 0));
    r.from = l4::ipc_words(r.from, r.from, {timeouts(0, 1'000'000)}, m);
    require(m.tag().is(L4_ExceptionLabel));
    m = l4::Words(l4::Tag::make(0, 1), m[L4_ExcRip] + 2);
    expect_ok(l4::send_words(r.from, m));
    expect(finishes(id));
    end_thread(id);
  }
}

TEST("another thread's: as ExchangeRegisters allows it, while it runs, waits, or is halted") {
  make_blocks();
  static volatile Word seen, rounds;
  static volatile bool has_base;
  rounds = 0;
  has_base = false;
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    for (;;) {
      receive(ThreadId::any(), timeouts(0, 50));
      if (has_base) seen = behind_fs();
      rounds = rounds + 1;
    }
  });
  for (Word i = 0; i < 4; ++i) {
    expect_eq(set_base(id, address_of(blocks[i])), 0u);
    has_base = true;
    const Word before = rounds;
    expect(eventually([&] { return rounds > before + 2; }));
    expect_eq(seen, blocks[i].word);
  }
  l4_exchange x = {L4_ExRegApplyHalt | L4_ExRegHalt, 0, 0, 0, 0, 0};
  l4_exchange_registers(id.raw, &x);
  expect_eq(set_base(id, address_of(blocks[0])), 0u);
  x = {L4_ExRegApplyHalt, 0, 0, 0, 0, 0};
  l4_exchange_registers(id.raw, &x);
  expect(eventually([&] { return seen == blocks[0].word; }));
}

TEST("errors: 5 for what is no user address, 2 for a thread that is not the caller's business; no effect") {
  const ThreadId id = make_task();
  expect_eq(set_base(id, 0x1000), 0u);
  for (const Word bad : {Word{0x0000'7fff'ffff'f000}, Word{0x0000'8000'0000'0000},
                         Word{0xffff'8000'0000'0000}, Word{0xffff'ffff'e000'1000}, ~Word{0}, Word{1} << 63}) {
    context("base", bad);
    expect_eq(set_base(id, bad), Word{L4_ErrInvalidParam});
    expect_eq(set_base(ThreadId::self(), bad), Word{L4_ErrInvalidParam});
  }
  // Together with others: none of them takes effect.
  Frame f;
  f.rax = id.raw;
  f.rsi = 1 << 14 | L4_ExRegSp | L4_ExRegUserHandle | L4_ExRegHalt | L4_ExRegApplyHalt | L4_ExRegAbortReceive;
  f.rdx = f.r10 = 77;
  f.rbx = ~Word{0};
  guest_call(f, l4_links.exchange_registers);
  expect_eq(f.rax, 0u);
  expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidParam});
  l4_exchange x = {0, 0, 0, 0, 0, 0};
  l4_exchange_registers(id.raw, &x);
  expect(x.sp != 77 && x.user_handle != 77);
  expect_eq(x.control & 7, Word{L4_ExRegWasReceiving});
  expect_eq(base_before(id, 0x0000'7fff'ffff'efff), 0x1000u);
  expect_eq(base_before(id, 0), 0x0000'7fff'ffff'efffu);

  static ThreadId me;
  me = ThreadId::self();
  const ThreadId other = spawn_task([](Word) {
    expect_eq(set_base(me, 0), Word{L4_ErrInvalidThread});
    expect_eq(set_base(me, ~Word{0}), Word{L4_ErrInvalidThread});
    expect_eq(set_base(ThreadId::global(0x3ffff, 1), 0), Word{L4_ErrInvalidThread});
  });
  expect(finishes(other));
}

TEST("all at once: the old base beside the other old values, no kernel value") {
  const ThreadId id = make_task();
  Frame f = marked_frame();
  f.rax = id.raw;
  f.rsi = 1 << 14 | L4_ExRegSp | L4_ExRegIp | L4_ExRegFlags | L4_ExRegUserHandle;
  f.rdx = 0x5000, f.r8 = 0x6000, f.r9 = 0x8d5, f.r10 = 0x7000, f.rbx = 0x8000;
  guest_call(f, l4_links.exchange_registers);
  expect_eq(f.rbx, 0u);
  expect_no_kernel_value(f, "ExchangeRegisters");
  f = marked_frame();
  f.rax = id.raw;
  f.rsi = 1 << 14;
  f.rbx = 0x9000;
  guest_call(f, l4_links.exchange_registers);
  expect_eq(f.rbx, 0x8000u);
  expect_eq(f.rdx, 0x5000u);
  expect_eq(f.r8, 0x6000u);
  expect_eq(f.r9, 0x8d5u | 0x202u);
  expect_eq(f.r10, 0x7000u);
  expect_no_kernel_value(f, "ExchangeRegisters");
}

TEST("threads with bases, alike and not, and without: each has its own over calls and preemption") {
  make_blocks();
  static volatile Word loops[4], wrong;
  static volatile bool stop;
  static ThreadId server;
  wrong = 0;
  stop = false;
  server = spawn_task([](Word) {
    touch_program();
    set_base(ThreadId::self(), address_of(blocks[3]));
    Received r = receive();
    for (;;) {
      if (behind_fs() != blocks[3].word) wrong = wrong + 1;
      r = reply_wait(r.from, 0);
    }
  });
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  const Body body = [](Word n) {
    // Two of them have one base; 0 has none, and reads nothing there.
    if (n != 0) set_base(ThreadId::self(), address_of(blocks[n / 2 + 1]));
    for (Word i = 0; !stop; ++i) {
      for (int k = 0; k < 100; ++k) asm volatile("pause");
      if (n != 0 && behind_fs() != blocks[n / 2 + 1].word) wrong = wrong + 1;
      if (i % 4 == n) call(server, 1);
      if (n != 0 && behind_fs() != blocks[n / 2 + 1].word) wrong = wrong + 1;
      loops[n] = loops[n] + 1;
    }
  };
  ThreadId ids[4];
  for (unsigned i = 0; i < 4; ++i) {
    loops[i] = 0;
    ids[i] = i == 1 ? make_thread() : make_task();
    L4_Set_Timeslice(ids[i], L4_TimePeriod(150), L4_Never);
    start(ids[i], body, i, runner);
  }
  expect(eventually([] { return loops[0] > 50 && loops[1] > 50 && loops[2] > 50 && loops[3] > 50; }));
  stop = true;
  for (const ThreadId id : ids) expect(finishes(id));
  expect_eq(wrong, 0u);
}

TEST("nobody sees another's base: a thread without one faults at the address itself") {
  make_blocks();
  static ThreadId me;
  me = ThreadId::self();
  expect_eq(set_base(me, address_of(blocks[2])), 0u);
  expect_eq(behind_fs(), blocks[2].word);
  const ThreadId first = spawn_task([](Word) {
    touch_program();
    set_base(ThreadId::self(), address_of(blocks[1]));
    expect_eq(behind_fs(), blocks[1].word);
  });
  require(finishes(first));
  // In a new thread, and in one that takes the number of a thread that had a base.
  for (const bool ended : {false, true}) {
    if (ended) end_thread(first);
    const ThreadId id = spawn_task([](Word) {
      touch_program();
      L4_Set_Pager(me);
      (void)behind_fs();
    });
    l4::Words m;
    l4::ipc_words(ThreadId::nil(), id, {timeouts(0, 1'000'000)}, m);
    expect(m.tag().is(L4_PageFaultLabel));
    expect_eq(m[1], 0u);
    expect_eq(behind_fs(), blocks[2].word);
  }
  expect_eq(set_base(me, 0), 0u);
}

TEST("loading a selector into FS costs its own base, until others have run, and nobody else's") {
  make_blocks();
  static volatile Word looks, wrong;
  looks = 0;
  wrong = 0;
  // A neighbour with the very same base.
  spawn_task([](Word) {
    touch_program();
    set_base(ThreadId::self(), address_of(blocks[1]));
    for (;;) {
      L4_Yield();
      looks = looks + 1;
      if (behind_fs() != blocks[1].word) wrong = wrong + 1;
    }
  });
  const ThreadId loader = spawn_task([](Word) {
    touch_program();
    set_base(ThreadId::self(), address_of(blocks[1]));
    for (const Word selector : {0u, 3u, 0x23u, 0x2bu}) {
      for (int i = 0; i < 50; ++i) {
        load_fs(static_cast<unsigned short>(selector));
        L4_Yield();
        if (behind_fs() != blocks[1].word) wrong = wrong + 1;
      }
    }
  });
  expect(finishes(loader));
  expect(looks > 100);
  expect_eq(wrong, 0u);
}

TEST("a thread with a base moves to another space with it") {
  make_blocks();
  static volatile Word seen;
  seen = 0;
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    set_base(ThreadId::self(), address_of(blocks[1]));
    receive(ThreadId::any());
    seen = behind_fs();
  });
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  const ThreadId to = make_task();
  expect_eq(thread_control(id, to, ThreadId::nil(), ThreadId::nil(), utcb_at(3)), 0u);
  expect(finishes(id));
  expect_eq(seen, blocks[1].word);
}
