// SPDX-License-Identifier: MIT
// Priorities, time slices, ThreadSwitch, Schedule and the clock (manual, chapter 3).
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();
constexpr Word unchanged = ~Word{0};

struct Scheduled {
  Word result, old;
};
Scheduled schedule(ThreadId id, Word priority, Word time = unchanged, Word processor = unchanged,
                   Word preemption = unchanged) {
  Word old = 0;
  const Word result = l4_schedule(id.raw, priority, time, processor, preemption, &old);
  return {result, old};
}
Word time_control(Word slice_us, Word quantum_us) {
  const l4::Word slice = slice_us == 0 ? 0 : L4_TimePeriod(slice_us).raw;
  return slice << 16 | (quantum_us == 0 ? 0 : L4_TimePeriod(quantum_us).raw);
}
Word period_us(Word time) { return (time & 0x3ff) << (time >> 10 & 0x1f); }
void set_slice(ThreadId id, Word us) { expect(schedule(id, unchanged, time_control(us, 0)).result != 0); }

// What happened, in order.
constexpr unsigned log_size = 64;
volatile Word events[log_size];
volatile unsigned event_count;
void note(Word what) {
  const unsigned n = event_count;
  if (n < log_size) events[n] = what;
  event_count = n + 1;
}
void expect_events(std::initializer_list<Word> expected, Location at = Location::current()) {
  expect_eq(event_count, expected.size(), "number of events", at);
  unsigned i = 0;
  for (const Word e : expected) expect_eq(events[i++], e, "event", at);
}

}  // namespace

TEST("Schedule tells what a thread does") {
  const ThreadId me = ThreadId::self();
  Slot& inactive = take_slot();
  expect_eq(thread_control(inactive.id, me, me, nil), 0u);
  expect_eq(state_of(inactive.id), Word{L4_SCHEDRESULT_INACTIVE});
  expect_eq(state_of(make_task()), Word{L4_SCHEDRESULT_WAITING});
  static ThreadId target;
  target = me;
  const ThreadId receiver = spawn([](Word) { receive(); }),
                 closed = spawn_task([](Word) { receive(target); }),
                 sleeper = spawn([](Word) { sleep_us(1'000'000); }),
                 sender = spawn_task([](Word) { send(target, 1); }), runs = spawn([](Word) {
                                                                       for (;;) asm volatile("pause");
                                                                     });
  sleep_us(2000);
  expect_eq(state_of(receiver), Word{L4_SCHEDRESULT_WAITING});
  expect_eq(state_of(closed), Word{L4_SCHEDRESULT_WAITING});
  expect_eq(state_of(sleeper), Word{L4_SCHEDRESULT_WAITING});
  expect_eq(state_of(sender), Word{L4_SCHEDRESULT_PENDING_SEND});
  expect_eq(state_of(runs), Word{L4_SCHEDRESULT_RUNNING});
  expect_eq(state_of(me), Word{L4_SCHEDRESULT_RUNNING});
  expect_eq(state_of(ThreadId(L4_MyLocalId().raw)), Word{L4_SCHEDRESULT_RUNNING});
  L4_Stop(runs);
  expect_eq(state_of(runs), Word{L4_SCHEDRESULT_INACTIVE});
}

// A query by the global id has a way of its own in the kernel.
TEST("a query says the same by the global and by the local id") {
  static ThreadId target;
  target = ThreadId::self();
  const ThreadId threads[] = {
      spawn([](Word) { receive(); }), spawn([](Word) { receive(target); }),
      spawn([](Word) { sleep_us(1'000'000); }), spawn([](Word) { send(target, 1); }),
      spawn([](Word) {
        for (;;) asm volatile("pause");
      })};
  for (const Word time : {time_control(3000, 0), time_control(0, 5000), time_control(700, 900)})  // one runs out
    for (const ThreadId id : threads) {
      context("id", id.raw);
      context("time", time);
      expect(schedule(id, unchanged, time).result != 0);
      sleep_us(2000);
      const Scheduled global = schedule(id, unchanged), local = schedule(L4_LocalIdOf(id), unchanged);
      expect(global.result >= 2);
      expect_eq(local.result, global.result, "state");
      expect_eq(local.old, global.old, "time");
    }
}

TEST("what is left of one's own slice becomes less, and a new one begins at once") {
  const ThreadId me = ThreadId::self();
  set_slice(me, 900'000);
  const auto left = [me] { return period_us(schedule(me, unchanged).old >> 16); };
  const Word begin = now();
  while (now() - begin < 20'000) asm volatile("pause");
  expect(left() <= 880'000, "after 20 ms");
  expect(left() > 100'000);
  set_slice(me, 900'000);
  expect(left() > 880'000, "a new one");
  expect(schedule(me, unchanged, 0xffff).result != 0);  // without end
  expect_eq(schedule(me, unchanged).old >> 16, 0u);
  set_slice(me, 10'000);
}

TEST("no such thread: result 0, error 2") {
  for (const ThreadId id :
       {nil, ThreadId::any(), ThreadId::any_local(), ThreadId::global(0x3ffff, 1), ThreadId(runner.raw + 2),
        ThreadId(0xbf03'fe00), ThreadId::global(0, 1), ThreadId::global(5, 1)}) {
    context("id", id.raw);
    expect_eq(schedule(id, unchanged).result, 0u);
    expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidThread});
  }
}

TEST("bad arguments: result 0, error 5, nothing has changed") {
  const ThreadId id = make_task();
  set_slice(id, 4000);
  struct Case {
    const char* what;
    Word priority, time, processor;
  };
  const Word good = time_control(8000, 0);
  const Case cases[] = {{"priority 256", 256, good, unchanged},
                        {"priority 2^63", Word{1} << 63, good, unchanged},
                        {"processor 1", unchanged, good, 1},
                        {"processor 65534", unchanged, good, 0xfffe},
                        {"slice is a point in time", unchanged, 0x8001'0000, unchanged},
                        {"quantum is a point in time", unchanged, (good & 0xffff'0000) | 0x8001, unchanged}};
  for (const Case& c : cases) {
    context(c.what);
    expect_eq(schedule(id, c.priority, c.time, c.processor).result, 0u);
    expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidParam});
    expect_eq(schedule(id, unchanged).old >> 16, Word{L4_TimePeriod(4000).raw});
  }
}

TEST("rights: the scheduler thread itself, or a privileged space; no priority above one's own") {
  static ThreadId dest;
  dest = make_thread();
  const ThreadId task = make_task({.priority = 90}), me = ThreadId::self();
  const auto in_task = [&](Body body) {
    slot_of(task).finished = false;
    start(task, body, 0, runner);
    require(finishes(task));
  };
  in_task([](Word) {
    expect_eq(schedule(dest, unchanged).result, 0u);
    expect_eq(L4_ErrorCode(), Word{L4_ErrNoPrivilege});
    expect_eq(schedule(ThreadId::self(), 10).result, 0u);
    expect_eq(L4_ErrorCode(), Word{L4_ErrNoPrivilege});
  });
  expect_eq(thread_control(dest, me, task, nil), 0u);
  in_task([](Word) {
    expect(schedule(dest, 90).result != 0);
    expect(schedule(dest, 10).result != 0);
    expect_eq(schedule(dest, 91).result, 0u);
    expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidParam});
    expect_eq(schedule(dest, 255).result, 0u);
  });
  expect(schedule(dest, 255).result != 0);
}

TEST("time control is given and returned in one form: slice in bits 16-31, quantum in bits 0-15") {
  const ThreadId id = make_task();
  set_slice(id, 1);
  expect_eq(schedule(id, unchanged).old >> 16, Word{L4_TimePeriod(100).raw}, "the shortest slice");
  for (const Word us : {Word{100}, Word{1023}, Word{10'000}, Word{500'000}}) {
    context("us", us);
    set_slice(id, us);
    expect_eq(schedule(id, unchanged).old & 0xffff'ffff, Word{L4_TimePeriod(us).raw} << 16);
  }
  set_slice(id, 0);
  expect_eq(schedule(id, unchanged).old, 0u, "never");
}

TEST("a thread that becomes ready preempts those of lower priority, and waits for the others") {
  static ThreadId low, high;
  event_count = 0;
  low = spawn(
      [](Word) {
        note(1);
        send(high, 1);
        note(3);
      },
      0, {.priority = 50});
  high = spawn(
      [](Word) {
        receive();
        note(2);
        receive();
      },
      0, {.priority = 60});
  expect(finishes(low));
  expect_events({1, 2, 3});
  // The other way round: the receiver runs when the sender is done.
  static ThreadId receiver, sender;
  event_count = 0;
  receiver = spawn(
      [](Word) {
        receive();
        note(2);
      },
      0, {.priority = 50});
  require(becomes(receiver, L4_SCHEDRESULT_WAITING));
  sender = spawn(
      [](Word) {
        send(receiver, 1);
        note(1);
      },
      0, {.priority = 60});
  expect(finishes(receiver));
  expect_events({1, 2});
}

TEST("a call hands over to a server of lower priority unless somebody more urgent is ready") {
  for (const Places places : all_places) {
    for (const bool urgent : {false, true}) {
      context(urgent ? "urgent, places" : "places", static_cast<Word>(places));
      static ThreadId server, third, me;
      me = ThreadId::self();
      event_count = 0;
      const Pair pair = make_pair(places, {.priority = 80}, {.priority = 120});
      server = pair.server;
      start(
          server,
          [](Word) {
            Received r = receive();
            for (;;) {
              note(2);
              r = reply_wait(r.from, 0);
            }
          },
          0, runner);
      require(becomes(server, L4_SCHEDRESULT_WAITING));
      third = spawn_task(
          [](Word) {
            receive();
            note(3);
          },
          0, {.priority = urgent ? 100u : 60u});
      require(becomes(third, L4_SCHEDRESULT_WAITING));
      start(
          pair.client,
          [](Word) {
            call(server, 1);
            event_count = 0;
            note(1);
            send(third, 1);
            call(server, 1);
            note(4);
          },
          0, runner);
      expect(finishes(pair.client) && finishes(third));
      if (urgent) {
        expect_events({1, 3, 2, 4});
      } else {
        expect_events({1, 2, 4, 3});
      }
      end_thread(pair.client);
      end_thread(pair.server);
      end_thread(third);
    }
  }
}

namespace {

struct Runner {
  volatile Word rounds = 0;
  volatile Word turns = 0;
  volatile Word longest = 0;  // time without a break, us
};
Runner runners[4];
void reset(Runner& r) {
  r.rounds = 0;
  r.turns = 0;
  r.longest = 0;
}
volatile Word turn;

void take_turns(Word i) {
  Runner& r = runners[i];
  Word since = now();
  for (;;) {
    if (turn != i) {
      turn = i;
      since = now();
      r.turns = r.turns + 1;
    }
    const Word passed = now() - since;
    if (passed > r.longest) r.longest = passed;
    r.rounds = r.rounds + 1;
  }
}

}  // namespace

TEST("round robin: threads of one priority share the processor by their time slices") {
  const unsigned count = 3;
  turn = 99;
  for (unsigned i = 0; i < count; ++i) {
    reset(runners[i]);
    const ThreadId id = i % 2 == 0 ? make_task() : make_thread();
    set_slice(id, 1000);
    start(id, take_turns, i, runner);
  }
  sleep_us(90'000);
  const Word total = runners[0].rounds + runners[1].rounds + runners[2].rounds;
  for (unsigned i = 0; i < count; ++i) {
    context("thread", i);
    expect(runners[i].turns >= 8, "turns");
    expect(runners[i].rounds * 6 > total, "share");
    expect(runners[i].longest >= 500, "a slice was cut short");
  }
}

TEST("slices of different lengths; one without an end is not preempted by its like") {
  turn = 99;
  ThreadId ids[2];
  for (unsigned i = 0; i < 2; ++i) {
    reset(runners[i]);
    ids[i] = make_task();
    set_slice(ids[i], i == 0 ? 3000 : 1000);
  }
  for (unsigned i = 0; i < 2; ++i) start(ids[i], take_turns, i, runner);
  sleep_us(80'000);
  expect(runners[0].rounds > runners[1].rounds * 3 / 2, "three times the slice");
  end_thread(ids[0]);
  end_thread(ids[1]);

  const ThreadId endless = make_task();
  set_slice(endless, 0);
  runners[2].rounds = 0;
  runners[3].rounds = 0;
  start(endless, take_turns, 2, runner);
  sleep_us(500);
  spawn_task(take_turns, 3);
  sleep_us(50'000);
  expect(runners[2].rounds > 0);
  expect_eq(runners[3].rounds, 0u);
}

TEST("ThreadSwitch(nil) gives way to the next of the same priority, and to nobody of a lower one") {
  event_count = 0;
  for (Word i = 1; i <= 3; ++i) {
    spawn(
        [](Word n) {
          for (int round = 0; round < 3; ++round) {
            note(n);
            L4_Yield();
          }
        },
        i);
  }
  spawn([](Word) { note(9); }, 0, {.priority = 90});
  expect(eventually([] { return event_count == 10; }));
  expect_events({1, 2, 3, 1, 2, 3, 1, 2, 3, 9});
}

TEST("ThreadSwitch(dest) runs dest, also one of lower priority; others are as nil") {
  static ThreadId low;
  event_count = 0;
  low = make_task({.priority = 10});
  set_slice(low, 0);
  start(
      low,
      [](Word) {
        note(2);
        L4_Yield();
        note(4);
      },
      0, runner);
  const ThreadId id = spawn(
      [](Word) {
        note(1);
        L4_ThreadSwitch(low);
        note(3);
        for (const ThreadId dest :
             {ThreadId::global(0x3ffff, 1), ThreadId::any(), ThreadId::any_local(), ThreadId::self(),
              ThreadId(L4_MyLocalId().raw), ThreadId(0xbf03'fe00), runner}) {
          L4_ThreadSwitch(dest);
        }
      },
      0, {.priority = 50});
  expect(finishes(id) && finishes(low));
  // The first faults of `low` go to the runner, so it may have to be switched to again.
  expect_eq(events[0], 1u);
  expect(event_count == 4);
}

TEST("a new priority takes effect at once: on ready threads, and on oneself") {
  event_count = 0;
  const ThreadId a = spawn([](Word) { note(1); }, 0, {.priority = 50}),
                 b = spawn([](Word) { note(2); }, 0, {.priority = 40});
  set_priority(b, 60);
  expect(finishes(a) && finishes(b));
  expect_events({2, 1});
  event_count = 0;
  const ThreadId lowers = spawn(
      [](Word) {
        set_priority(ThreadId::self(), 30);
        note(2);
      },
      0, {.priority = 80});
  const ThreadId other = spawn([](Word) { note(1); }, 0, {.priority = 50});
  expect(finishes(lowers) && finishes(other));
  expect_events({1, 2});
}

TEST("a busy thread does not keep timeouts and more urgent threads waiting") {
  spawn_task(
      [](Word) {
        for (;;) asm volatile("pause");
      },
      0, {.priority = 150});
  for (int i = 0; i < 20; ++i) {
    const Word before = now();
    sleep_us(1000);
    const Word passed = now() - before;
    expect(passed >= 1000);
    if (!expect(passed < 20'000, "late")) break;
  }
}

TEST("SystemClock counts microseconds, and never goes back") {
  Word last = now();
  for (int i = 0; i < 10'000; ++i) {
    const Word next = now();
    if (!expect(next >= last, "it went back")) break;
    last = next;
  }
  const Word khz = L4_ProcDescInternalFreq(L4_ProcDesc(nullptr, 0));
  const Word ticks = __builtin_ia32_rdtsc(), clock = now();
  sleep_us(20'000);
  const Word by_counter = (__builtin_ia32_rdtsc() - ticks) * 1000 / khz, by_clock = now() - clock;
  expect(by_clock + by_clock / 50 + 50 > by_counter && by_counter + by_counter / 50 + 50 > by_clock);
}

TEST("ProcessorControl and MemoryControl of a privileged space: refused arguments are error 5") {
  expect_eq(l4_processor_control(77, 1, 1, 1), 0u);
  expect_eq(L4_ErrorCode(), Word{L4_ErrInvalidParam});
}

TEST("ThreadSwitch(dest) is paid for by its caller: two that hand slices on do not starve their likes") {
  static ThreadId accomplice;
  static volatile Word victim_ran;
  victim_ran = 0;
  const Options options{.priority = 100};
  accomplice = make_thread(options);
  const ThreadId greedy = make_thread(options), victim = make_thread(options);
  for (const ThreadId id : {accomplice, greedy, victim}) L4_Set_Timeslice(id, L4_TimePeriod(1000), L4_Never);
  start(accomplice, [](Word) { for (;;) __asm__ volatile("pause"); }, 0, runner);
  start(greedy, [](Word) { for (;;) L4_ThreadSwitch(accomplice); }, 0, runner);
  start(victim, [](Word) { for (;;) victim_ran = victim_ran + 1; }, 0, runner);
  Word before = 0;
  for (int i = 0; i < 5; ++i) {
    sleep_us(20'000);
    expect(victim_ran > before, "the third thread does not run");
    before = victim_ran;
  }
}
