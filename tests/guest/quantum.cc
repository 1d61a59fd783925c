// SPDX-License-Identifier: MIT
// Total quanta (manual, chapter 3.5): a thread's own time, and what happens at its end.
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;
constexpr Word unchanged = ~Word{0};

Word set_quantum(ThreadId id, L4_Time_t quantum) {
  Word old;
  return L4_Schedule(id, 0xffff'0000 | quantum.raw, unchanged, unchanged, unchanged, &old);
}
Word quantum_left_us(ThreadId id) {
  L4_Time_t slice, quantum;
  expect(L4_Timeslice(id, &slice, &quantum) != 0);
  return (quantum.raw & 0x3ffUL) << (quantum.raw >> 10);
}

volatile Word rounds;
void count_for_ever(Word) {
  for (;;) rounds = rounds + 1;
}

// Waits for the message; its clock.
Word end_of_quantum(ThreadId id) {
  l4::Words m;
  const ThreadId from = l4::ipc_words(ThreadId::nil(), ThreadId::any(), {timeouts(1, 1'000'000)}, m);
  expect_ok(m.tag());
  expect_eq(from, ThreadId(id.raw), "whose quantum");
  expect_eq(m.tag().raw, (Word(-3L) << 4 << 16) | 2, "tag");
  expect_eq(m[2], 0u, "MR2");
  return m[1];
}

}  // namespace

TEST("used up: the scheduler is told, the thread stops until it gets a new one by Schedule") {
  rounds = 0;
  const ThreadId id = make_task();
  start(id, count_for_ever, 0, runner);
  const Word before = now();
  expect_eq(set_quantum(id, L4_TimePeriod(5000)), Word{L4_SCHEDRESULT_RUNNING});
  const Word at = end_of_quantum(id);
  expect(at >= before + 5000, "early");
  expect(now() >= at, "the clock in the message");
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
  expect_eq(quantum_left_us(id), 0u);
  const Word done = rounds;
  expect(done > 0);
  sleep_us(10'000);
  expect_eq(rounds, done, "it runs without a quantum");
  expect_eq(set_quantum(id, L4_TimePeriod(2000)), Word{L4_SCHEDRESULT_INACTIVE});
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
  (void)end_of_quantum(id);
  expect(rounds > done);
  const Word later = rounds;
  expect_eq(set_quantum(id, L4_Never), Word{L4_SCHEDRESULT_INACTIVE});
  sleep_us(10'000);
  expect(rounds > later);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
}

TEST("an answer and ExchangeRegisters do not take the place of Schedule") {
  rounds = 0;
  const ThreadId id = make_task();
  start(id, count_for_ever, 0, runner);
  set_quantum(id, L4_TimePeriod(1000));
  (void)end_of_quantum(id);
  const Word done = rounds;
  expect_ok(send(id, 0, send_zero));
  sleep_us(2000);
  L4_AbortIpc_and_stop(id);
  L4_Start(id);
  sleep_us(2000);
  expect_eq(rounds, done);
  set_quantum(id, L4_Never);
  expect(eventually([done] { return rounds > done; }));
}

TEST("only the own time is counted: waiting, servers, and a slice that somebody gives") {
  static ThreadId server;
  static volatile Word calls;
  calls = 0;
  const Pair pair = make_pair(Places::two_tasks);
  server = pair.server;
  start(
      server,
      [](Word) {
        Received r = receive();
        for (;;) {
          const Word begin = now();
          while (now() - begin < 3000) asm volatile("pause");
          r = reply_wait(r.from, 0);
        }
      },
      0, runner);
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  start(
      pair.client,
      [](Word) {
        while (calls < 30) {
          call(server, 1);
          calls = calls + 1;
        }
        sleep_us(10'000);
      },
      0, runner);
  set_quantum(pair.client, L4_TimePeriod(900'000));
  require(finishes(pair.client));
  expect_eq(calls, 30u);
  const Word left = quantum_left_us(pair.client);
  expect(left < 900'000, "nothing was counted");
  expect(left > 840'000, "others' time was counted");

  // On slices that others give it, a thread uses its own quantum.
  rounds = 0;
  static ThreadId dodger;
  dodger = make_task({.priority = 10});
  start(dodger, count_for_ever, 0, runner);
  set_quantum(dodger, L4_TimePeriod(3000));
  spawn(
      [](Word) {
        for (;;) L4_ThreadSwitch(dodger);
      },
      0, {.priority = 50});
  (void)end_of_quantum(dodger);
  const Word done = rounds;
  sleep_us(5000);
  expect_eq(rounds, done);
}

TEST("used up in a system call: what the call gives is there when the thread goes on") {
  static volatile Word results;
  results = 0;
  const ThreadId id = spawn_task([](Word) {
    for (;;) {
      Frame f{};
      f.rax = 1, f.rbx = 2, f.r10 = 3, f.r12 = 4, f.r13 = 5, f.r14 = 6, f.r15 = 7;
      ipc(f, ThreadId::self(), ThreadId::nil(), both_zero, l4::Tag::make(9, 7));
      expect_eq(L4_ErrorCode(), send_timeout);
      expect_eq(f.rbx, 2u);
      expect_eq(f.r15, 7u);
      results = results + 1;
    }
  });
  for (int i = 0; i < 50; ++i) {
    set_quantum(id, L4_TimePeriod(50 + static_cast<Word>(i)));
    (void)end_of_quantum(id);
  }
  const Word before = results;
  set_quantum(id, L4_Never);
  expect(eventually([before] { return results > before; }));
}

TEST("with a finite quantum Ipc is the same, in all places and lengths") {
  for (const Places places : all_places) {
    context("places", static_cast<Word>(places));
    static ThreadId server;
    const Pair pair = make_pair(places);
    server = pair.server;
    start(
        server,
        [](Word) {
          l4::Words m;
          ThreadId from = l4::ipc_words(ThreadId::nil(), ThreadId::any(), {never}, m);
          for (;;) {
            m[1] = m[1] + 1;
            from = l4::ipc_words(from, ThreadId::any(), {send_zero}, m);
          }
        },
        0, runner);
    require(becomes(server, L4_SCHEDRESULT_WAITING));
    set_quantum(server, L4_TimePeriod(500'000));
    start(
        pair.client,
        [](Word) {
          for (Word i = 0; i < 20; ++i) {
            l4::Words m(l4::Tag::make(3, 7));
            for (unsigned w = 1; w <= 7; ++w) m[w] = i + w;
            l4::ipc_words(server, server, {never}, m);
            expect_eq(m[1], i + 2);
            expect_eq(m[7], i + 7);
          }
        },
        0, runner);
    expect(finishes(pair.client));
    expect(quantum_left_us(server) < 500'000);
    end_thread(pair.client);
    end_thread(pair.server);
  }
}
