// SPDX-License-Identifier: MIT
// FPU, SSE and AVX state: each thread has its own, whoever runs between.
#include "fpu.h"

using namespace guest;

namespace guest {

bool have_avx() {
  unsigned a = 1, b, c = 0, d;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if ((c >> 27 & 3) != 3) return false;  // OSXSAVE and AVX
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 6) == 6;
}

void load_fpu(const FpuState& state) { have_avx() ? guest_load_avx(&state) : guest_load_sse(&state); }
void store_fpu(FpuState& state) { have_avx() ? guest_store_avx(&state) : guest_store_sse(&state); }

void make_fpu_state(FpuState& state, Word seed) {
  for (Word r = 0; r < 16; ++r) {
    for (Word i = 0; i < 32; ++i)
      state.vectors[r][i] = static_cast<unsigned char>(seed * 37 + r * 16 + i + 1);
  }
  if (!have_avx()) {
    for (auto& v : state.vectors) __builtin_memset(v + 16, 0, 16);
  }
  state.mxcsr = 0x1f80 | (seed % 4) << 13;                                        // the way of rounding
  state.x87_control = static_cast<unsigned short>(0x37f | (seed / 4 % 4) << 10);  // the same
  state.x87_status = 0;
  for (Word i = 0; i < 2; ++i) {
    const Word number = 0x4000'0000'0000'0000 | (seed * 2 + i) << 44;  // no NaN, exact in 53 bits
    __builtin_memcpy(state.x87_top + i * 8, &number, 8);
  }
}

bool expect_fpu_state(Word seed, const char* when, Location at) {
  FpuState is = {}, should_be;
  store_fpu(is);
  make_fpu_state(should_be, seed);
  bool same = expect_eq(is.mxcsr, should_be.mxcsr, when, at);
  same &= expect_eq(is.x87_control, should_be.x87_control, when, at);
  for (Word i = 0; i < 2; ++i) {
    Word number, expected;
    __builtin_memcpy(&number, is.x87_top + i * 8, 8);
    __builtin_memcpy(&expected, should_be.x87_top + i * 8, 8);
    same &= expect_eq(number, expected, when, at);
  }
  for (unsigned r = 0; r < 16; ++r) {
    for (unsigned half = 0; half < 4; ++half) {
      Word word, expected;
      __builtin_memcpy(&word, is.vectors[r] + half * 8, 8);
      __builtin_memcpy(&expected, should_be.vectors[r] + half * 8, 8);
      same &= expect_eq(word, expected, when, at);
    }
  }
  return same;
}

}  // namespace guest

namespace {

using l4::ThreadId;

void load_seed(Word seed) {
  FpuState state;
  make_fpu_state(state, seed);
  load_fpu(state);
}

struct Exchange {
  ThreadId server;
  unsigned words = 0;
  bool server_uses = false, client_uses = false;
  Word timeout = never;
  bool local = false;
};
constinit Exchange x = {};
constexpr int rounds = 40;

void serve(Word) {
  if (x.server_uses) load_seed(7);
  Received r = receive();
  for (int i = 0; i < rounds; ++i) {
    if (x.server_uses && !expect_fpu_state(7 + static_cast<Word>(i), "in the server")) return;
    if (x.server_uses) load_seed(8 + static_cast<Word>(i));
    l4::Words m(l4::Tag::make(i, x.words));
    const l4::ThreadId to = i + 1 < rounds ? ThreadId::any() : ThreadId::nil();
    r.from = l4::ipc_words(r.from, to, {send_zero}, m);
  }
}

void ask(Word) {
  for (int i = 0; i < rounds; ++i) {
    const Word seed = 100 + static_cast<Word>(i);
    if (x.client_uses) load_seed(seed);
    l4::Words m(l4::Tag::make(i, x.words));
    l4::ipc_words(x.server, x.server, {x.timeout}, m);
    expect_ok(m.tag());
    if (x.client_uses && !expect_fpu_state(seed, "in the client")) return;
  }
}

void run_exchange(Places places, Exchange exchange) {
  x = exchange;
  const Pair pair = make_pair(places);
  x.server = exchange.local ? ThreadId(utcb_at(slot_of(pair.server).utcb) + 0x200) : pair.server;
  start(pair.server, serve, 0, runner);
  require(becomes(pair.server, L4_SCHEDRESULT_WAITING), "server waits");
  start(pair.client, ask, 0, runner);
  expect(finishes(pair.client), "client is done");
  expect(finishes(pair.server), "server is done");
  end_thread(pair.client);
  end_thread(pair.server);
}

void expect_clean(const char* when) {
  FpuState is = {};
  unsigned short status;
  asm volatile("fnstsw %0" : "=m"(status));
  asm volatile("fnstcw %0" : "=m"(is.x87_control));
  asm volatile("stmxcsr %0" : "=m"(is.mxcsr));
  unsigned char environment[28];
  asm volatile("fnstenv %0" : "=m"(environment));
  expect_eq(is.x87_control, 0x37fu, when);
  expect_eq(is.mxcsr, 0x1f80u, when);
  expect_eq(status, 0u, when);
  expect_eq(static_cast<Word>(environment[8]) | static_cast<Word>(environment[9]) << 8, 0xffffu, "x87 tags");
  for (unsigned i = 12; i < 20; ++i) expect_eq(environment[i], 0u, "x87 instruction pointer");
  store_fpu(is);
  Word sum = 0;
  for (unsigned r = 0; r < 16; ++r) {
    for (unsigned i = 0; i < (have_avx() ? 32u : 16u); ++i) sum |= is.vectors[r][i];
  }
  expect_eq(sum, 0u, when);
}

}  // namespace

TEST("two threads that use the FPU keep their state over IPC, wherever they live, short and long messages") {
  for (const Places places : all_places) {
    for (const unsigned words : {0u, 7u, 8u, 63u}) {
      context("words", words);
      run_exchange(places, {{}, words, true, true, never});
    }
  }
}

TEST("the same where only one of the two uses it") {
  for (const Places places : all_places) {
    for (const unsigned words : {0u, 20u}) {
      context("words", words);
      run_exchange(places, {{}, words, true, false, never});
      run_exchange(places, {{}, words, false, true, never});
    }
  }
}

TEST("the same with timeouts, and by local ids") {
  for (const Places places : all_places) {
    context("places", static_cast<Word>(places));
    run_exchange(places, {{}, 3, true, true, timeouts(1'000'000, 1'000'000)});
    if (one_space(places)) run_exchange(places, {{}, 3, true, true, never, true});
    if (one_space(places)) run_exchange(places, {{}, 33, true, true, never, true});
  }
}

TEST("preemption: four threads in two spaces, and one that does not use it") {
  static volatile Word loops[5];
  static volatile bool stop;
  stop = false;
  const Body body = [](Word n) {
    load_seed(n * 11);
    while (!stop) {
      for (int i = 0; i < 200; ++i) asm volatile("pause");
      if (!expect_fpu_state(n * 11, "after preemption")) break;
      loops[n] = loops[n] + 1;
    }
  };
  ThreadId ids[5];
  ids[0] = make_task();
  ids[1] = make_sibling(ids[0]);
  ids[2] = make_thread();
  ids[3] = make_thread();
  for (unsigned i = 0; i < 4; ++i) {
    loops[i] = 0;
    L4_Set_Timeslice(ids[i], L4_TimePeriod(150), L4_Never);
    start(ids[i], body, i, runner);
  }
  ids[4] = spawn_task([](Word) {
    while (!stop) L4_Yield();
  });
  expect(eventually([] { return loops[0] > 30 && loops[1] > 30 && loops[2] > 30 && loops[3] > 30; }));
  stop = true;
  for (const ThreadId id : ids) expect(finishes(id));
}

TEST("page faults, exceptions and sleep leave it alone") {
  static ThreadId handler;
  handler = ThreadId::self();
  static constexpr Word area = 0x30'0000'0000;
  alignas(4096) static std::byte page[4096];
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(handler);
    L4_Set_ExceptionHandler(handler);
    load_seed(21);
    (void)*reinterpret_cast<volatile Word*>(area);
    expect_fpu_state(21, "after a page fault");
    asm volatile("ud2");
    expect_fpu_state(21, "after an exception");
    sleep_us(1000);
    expect_fpu_state(21, "after a sleep");
  });
  load_seed(22);
  l4::Words m;
  l4::ipc_words(ThreadId::nil(), id, {timeouts(0, 1'000'000)}, m);
  expect(m.tag().is(L4_PageFaultLabel));
  expect_fpu_state(22, "in the pager");
  m = l4::Words(l4::Tag::make(0, 0, 2), area | 8,
                l4::Fpage::page(reinterpret_cast<Word>(page), l4::full_access).raw);
  l4::ipc_words(id, id, {timeouts(0, 1'000'000)}, m);
  expect(m.tag().is(L4_ExceptionLabel));
  expect_fpu_state(22, "in the handler");
  m = l4::Words(l4::Tag::make(0, 1), m[L4_ExcRip] + 2);
  expect_ok(l4::send_words(id, m));
  expect(finishes(id));
  expect_fpu_state(22, "at the end");
}

TEST("a new thread sees the clean state, whoever has used the FPU before, and after a deletion") {
  for (const bool delete_first : {false, true}) {
    const ThreadId first = spawn_task([](Word) { load_seed(31); });
    require(finishes(first));
    load_seed(32);
    if (delete_first) end_thread(first);
    const ThreadId task = spawn_task([](Word) { expect_clean("in a new space"); });
    expect(finishes(task));
    const ThreadId thread = spawn([](Word) { expect_clean("in a new thread"); });
    expect(finishes(thread));
    expect_fpu_state(32, "in the test");
    if (!delete_first) end_thread(first);
    end_thread(task);
    end_thread(thread);
  }
}

TEST("an x87 error is exception 16 of the thread that made it, also when another ran in between") {
  static ThreadId handler;
  handler = ThreadId::self();
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    const unsigned short control = 0x37b;  // division by zero is not masked
    asm volatile("fninit\n fldcw %0\n fld1\n fldz\n fdivrp" : : "m"(control));
    L4_Yield();
    sleep_us(500);
    L4_Set_ExceptionHandler(handler);
    asm volatile("fwait");
  });
  for (const Word end = now() + 2'000; now() < end;) L4_Yield();
  load_seed(41);
  L4_ThreadId_t by;
  L4_Ipc(ThreadId::nil(), id, timeouts(0, 1'000'000), &by);
  Word number;
  L4_StoreMR(L4_ExcNumber, &number);
  expect_eq(number, 16u);
  expect_fpu_state(41, "in the handler");
}

TEST("a SIMD error is exception 19 of the thread that made it") {
  static ThreadId handler;
  handler = ThreadId::self();
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_ExceptionHandler(handler);
    const unsigned control = 0x1d80;  // division by zero is not masked
    const float one = 1, zero = 0;
    asm volatile("ldmxcsr %0\n movss %1, %%xmm0\n divss %2, %%xmm0" : : "m"(control), "m"(one), "m"(zero));
  });
  // QEMU's emulation does not raise it: then the thread goes on.
  if (finishes(id)) return;
  L4_ThreadId_t by;
  L4_Ipc(ThreadId::nil(), id, timeouts(0, 1'000'000), &by);
  Word number;
  L4_StoreMR(L4_ExcNumber, &number);
  expect_eq(number, 19u);
}
