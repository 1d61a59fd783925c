// SPDX-License-Identifier: MIT
// The preempt flags (manual, chapter 3.6): s tells, d delays.
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;

volatile bool stop_it;
volatile Word told, last_clock;
ThreadId handler, other;

void handle_preemptions(Word) {
  l4::Words m;
  ThreadId from = l4::ipc_words(ThreadId::nil(), ThreadId::any(), {never}, m);
  for (;;) {
    expect_eq(m.tag().raw, (Word(-3L) << 4 << 16) | 2, "tag");
    expect(m[1] >= last_clock && m[1] <= now(), "MR1 is the clock");
    expect_eq(m[2], 0u, "MR2");
    last_clock = m[1];
    told = told + 1;
    l4::Words answer(l4::Tag::make(77, 3));
    from = l4::ipc_words(from, ThreadId::any(), {send_zero}, answer);
    m = answer;
  }
}

void spin(Word until_stop) {
  while (!stop_it && until_stop != 0) asm volatile("pause");
}

void wake_often(Word us) {
  while (!stop_it) sleep_us(us);
}

// A thread with all registers in use that notices if one changes.
void spin_with_registers(Word) {
  L4_Set_ExceptionHandler(handler);
  L4_EnablePreemptionFaultException();
  while (!stop_it) {
    Word a = 0x1111, b = 0x2222, c = 0x3333, d = 0x4444;
    for (int i = 0; i < 2000; ++i) asm volatile("pause" : "+a"(a), "+b"(b), "+S"(c), "+D"(d));
    if (a != 0x1111 || b != 0x2222 || c != 0x3333 || d != 0x4444) {
      expect(false, "a register has changed");
      break;
    }
  }
  L4_DisablePreemptionFaultException();
}

}  // namespace

TEST("flag s: preemptions by timeouts and by the end of the slice are told, and the thread goes on") {
  for (const bool by_equal : {false, true}) {
    context("by an equal", by_equal);
    stop_it = false;
    told = 0;
    last_clock = 0;
    handler = spawn_task(handle_preemptions, 0, {.priority = 140});
    require(becomes(handler, L4_SCHEDRESULT_WAITING));
    if (by_equal) {
      other = spawn_task(spin, 1);
    } else {
      other = spawn_task(wake_often, 500, {.priority = 120});
    }
    const ThreadId id = make_task();
    L4_Set_Timeslice(id, L4_TimePeriod(1000), L4_Never);
    L4_Set_Timeslice(other, L4_TimePeriod(1000), L4_Never);
    start(id, spin_with_registers, 0, runner);
    expect(eventually([] { return told >= 10; }), "nobody was told");
    stop_it = true;
    expect(finishes(id));
    end_thread(id);
    end_thread(other);
    end_thread(handler);
  }
}

TEST("flag s: without anybody to tell, a thread is preempted and goes on") {
  other = spawn([](Word) { receive(test_thread); });
  const ThreadId dead = make_task();
  end_thread(dead);
  for (const ThreadId whom :
       {ThreadId::nil(), ThreadId::any(), ThreadId::any_local(), dead, ThreadId::global(1, 1),
        ThreadId(0xbf03'fe00), ThreadId(~Word{0} << 12), ThreadId::self()}) {
    context("handler", whom.raw);
    static ThreadId its_handler;
    its_handler = whom;
    stop_it = false;
    const ThreadId waker = spawn_task(wake_often, 300, {.priority = 120});
    const ThreadId id = spawn_task([](Word) {
      L4_Set_ExceptionHandler(its_handler == test_thread ? ThreadId::self() : its_handler);
      L4_EnablePreemptionFaultException();
      const Word begin = now();
      while (now() - begin < 5000) asm volatile("pause");
      L4_DisablePreemptionFaultException();
    });
    expect(finishes(id));
    stop_it = true;
    expect(finishes(waker));
    end_thread(id);
    end_thread(waker);
  }
}

TEST("flag s: a handler that dies with the message lets the thread go on") {
  static volatile bool told_once;
  told_once = false;
  stop_it = false;
  handler = spawn_task(
      [](Word) {
        receive();
        told_once = true;
        sleep_for_ever();
      },
      0, {.priority = 140});
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  other = spawn_task(wake_often, 300, {.priority = 120});
  const ThreadId id = spawn_task(spin_with_registers);
  require(eventually([] { return told_once; }));
  sleep_us(5000);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});
  end_thread(handler);
  expect(becomes(id, L4_SCHEDRESULT_RUNNING));
  stop_it = true;
  expect(finishes(id));
}

namespace {

struct Latency {
  volatile Word worst = 0, rounds = 0;
};
Latency latency;

void measure_latency(Word) {
  while (!stop_it) {
    const Word begin = now();
    sleep_us(1000);
    const Word late = now() - begin - 1000;
    if (late > latency.worst) latency.worst = late;
    latency.rounds = latency.rounds + 1;
  }
}

volatile Word pendings, cleared;
void spin_delaying(Word yields) {
  L4_DisablePreemption();
  while (!stop_it) {
    if ((L4_DisablePreemption() & 1) == 0) expect(false, "flag d was cleared");
    if ((*l4_flag_byte(0) & L4_PreemptPending) == 0) continue;
    pendings = pendings + 1;
    if (yields == 0) {
      // Only ThreadSwitch(nil) gives a delay back.
      while (!stop_it) asm volatile("pause");
    } else {
      const Word begin = now();
      while (now() - begin < yields) asm volatile("pause");
      L4_Yield();
      if ((*l4_flag_byte(0) & L4_PreemptPending) == 0) cleared = cleared + 1;  // or the next one has come
    }
  }
  L4_EnablePreemption();
}

// Until the one with priority 150 has slept `rounds` times, or was delayed so often.
Word worst_with(Word sensitive, Word max_delay, Word yields, Word rounds, Word delays) {
  stop_it = false;
  latency.worst = 0;
  latency.rounds = 0;
  pendings = 0;
  cleared = 0;
  const ThreadId measures = spawn_task(measure_latency, 0, {.priority = 150});
  const ThreadId id = make_task();
  expect(L4_Set_PreemptionDelay(id, sensitive, max_delay) != 0);
  start(id, spin_delaying, yields, runner);
  for (int i = 0; i < 40 && (latency.rounds < rounds || pendings < delays); ++i) sleep_us(50'000);
  stop_it = true;
  expect(finishes(id));
  expect(finishes(measures));
  end_thread(id);
  end_thread(measures);
  return latency.worst;
}

}  // namespace

TEST("flag d: a thread up to the sensitive priority waits, for the delay at most; flag I says so") {
  const Word waited = worst_with(150, 20'000, 0, 5, 1);
  expect(waited >= 19'000, "it was not delayed");
  expect_eq(pendings, 1u);
  expect(latency.rounds >= 5, "after the delay, preemptions come at once");
}

TEST("flag d: ThreadSwitch(nil) ends the delay, and gives a new one") {
  const Word waited = worst_with(200, 60'000, 3000, 5, 4);
  expect(waited >= 2900, "it was not delayed");
  expect(pendings >= 3, "the delay did not come back");
  expect(cleared >= 2, "ThreadSwitch(nil) clears flag I");
}

TEST("flag d: above the sensitive priority, and without a delay, nobody waits") {
  for (const bool with_delay : {true, false}) {
    context("with a delay", with_delay);
    (void)worst_with(with_delay ? 149 : 255, with_delay ? 60'000 : 0, 0, 10, 0);
    expect_eq(pendings, 0u);
    expect(latency.rounds >= 10);
  }
}

TEST("flag d: ThreadSwitch(nil) gives back a used-up delay also when nobody is ready") {
  static volatile Word delays;
  delays = 0;
  stop_it = false;
  const ThreadId id = make_task();
  expect(L4_Set_PreemptionDelay(id, 150, 500) != 0);
  other = spawn_task(wake_often, 3000, {.priority = 150});
  start(
      id,
      [](Word) {
        L4_DisablePreemption();
        while (delays < 3) {
          if ((*l4_flag_byte(0) & L4_PreemptPending) == 0) continue;
          // The other one has had its turn when the delay is over.
          const Word begin = now();
          while (now() - begin < 1500) asm volatile("pause");
          expect((*l4_flag_byte(0) & L4_PreemptPending) != 0, "I stays");
          L4_Yield();
          if ((*l4_flag_byte(0) & L4_PreemptPending) == 0) delays = delays + 1;
        }
        L4_EnablePreemption();
      },
      0, runner);
  // Seldom, because we are more urgent than what may be delayed.
  for (int i = 0; i < 100 && !finished(id); ++i) sleep_us(20'000);
  expect(finished(id));
  stop_it = true;
}

TEST("the preemption control: rights, and what is out of range") {
  static ThreadId dest;
  dest = make_thread();
  const ThreadId me = ThreadId::self(), task = make_task({.priority = 90});
  expect(L4_Set_PreemptionDelay(dest, 255, 65535) != 0);
  expect_eq(thread_control(dest, me, task, ThreadId::nil()), 0u);
  start(
      task,
      [](Word) {
        expect(L4_Set_PreemptionDelay(dest, 90, 100) != 0);
        expect_eq(L4_Set_PreemptionDelay(dest, 91, 100), 0u);
        expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidParam});
        expect_eq(L4_Set_PreemptionDelay(ThreadId::self(), 1, 100), 0u);
        expect_eq(L4_ErrorCode(), Word{L4_ErrNoPrivilege});
      },
      0, runner);
  expect(finishes(task));
}
