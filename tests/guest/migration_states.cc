// SPDX-License-Identifier: MIT
// Threads that are moved in each state: what becomes of what they were doing, of their
// partners, of their rights.
#include "thread_states.h"

using namespace guest;

namespace {

using l4::ThreadId;
constexpr Word ok = 0, no_privilege = 1, invalid_thread = 2, invalid_space = 3, invalid_scheduler = 4,
               utcb_error = 6;
const ThreadId nil = ThreadId::nil(), nobody = ThreadId::global(0x3fff0, 1);

Word move(ThreadId id, ThreadId space, Word location = keep_utcb) {
  return thread_control(id, space, nil, nil, location);
}
void expect_arrived(ThreadId id, Word location, Location at = Location::current()) {
  if (!expect(reported(), "it does not go on", at)) return;
  expect_eq(report.local_id, location + 0x200, "its local id", at);
  expect_eq(report.global_id, id.raw, "its id", at);
}

}  // namespace

TEST("moved in a page fault: it is taken again, by the same pager, in the new space") {
  const ThreadId host = make_host(), id = begin(body_faults);
  expect_fault(id);
  expect_eq(move(id, host, utcb_at(9)), ok);
  expect_fault(id);
  expect_ok(answer_fault(id));
  expect_arrived(id, utcb_at(9));
  expect_eq(report.value, 4711u);
}

TEST("moved in an exception: it is raised again") {
  const ThreadId host = make_host(), id = begin(body_raises);
  expect_exception(id);
  expect_eq(move(id, host, utcb_at(9)), ok);
  expect_exception(id);
  expect_ok(answer_exception(id));
  expect_arrived(id, utcb_at(9));
}

TEST("moved while asleep, halted, running with FPU state, waiting for its start") {
  const ThreadId host = make_host();
  const ThreadId sleeper = begin(body_sleeps);
  require(becomes(sleeper, L4_SCHEDRESULT_WAITING));
  expect_eq(move(sleeper, host, utcb_at(9)), ok);
  expect_arrived(sleeper, utcb_at(9));
  expect_eq(report.error, receive_cancelled);

  const ThreadId halted = begin(body_computes);
  require(eventually([] { return report.count != 0; }));
  L4_Stop(halted);
  require(becomes(halted, L4_SCHEDRESULT_INACTIVE));
  report.go = true;
  expect_eq(move(halted, host, utcb_at(10)), ok);
  sleep_us(2000);
  expect_eq(state_of(halted), Word{L4_SCHEDRESULT_INACTIVE});
  expect(!report.done);
  L4_Start(halted);
  expect_arrived(halted, utcb_at(10));
  expect_eq(report.value, 0x1234'5678'9abc'def0u);

  const ThreadId running = begin(body_computes);
  require(eventually([] { return report.count != 0; }));
  expect_eq(move(running, host, utcb_at(11)), ok);
  const Word count = report.count;
  expect(eventually([count] { return report.count > count; }));
  report.go = true;
  expect_arrived(running, utcb_at(11));
  expect_eq(report.value, 0x1234'5678'9abc'def0u);

  clear_report();
  const ThreadId fresh = make_task();
  expect_eq(move(fresh, host, utcb_at(12)), ok);
  expect_eq(state_of(fresh), Word{L4_SCHEDRESULT_WAITING});
  start(fresh, [](Word) { report.tell(); }, 0, runner);
  expect_arrived(fresh, utcb_at(12));
}

TEST("partners of a thread that is moved notice nothing: the answer comes, senders are taken") {
  static ThreadId server;
  static volatile Word taken, answered, sent;
  for (volatile Word* word : {&taken, &answered, &sent}) *word = 0;
  clear_report();
  const ThreadId host = make_host();
  server = spawn_task([](Word) {
    const Received first = receive();
    taken = 1;
    while (!report.go) asm volatile("pause");
    l4::Words m(l4::Tag::make(7, 0));
    l4::send_words(first.from, m, {send_zero});
    taken = 2;
    report.value = receive().from.raw;
    report.tell();
  });
  const ThreadId client = spawn_task([](Word) { answered = static_cast<Word>(call(server, 1).tag.label()); });
  require(eventually([] { return taken == 1; }));
  const ThreadId sender = spawn_task([](Word) { sent = send(server, 2).failed() ? 2 : 1; });
  require(becomes(sender, L4_SCHEDRESULT_PENDING_SEND));
  expect_eq(move(server, host, utcb_at(9)), ok);
  report.go = true;
  expect_arrived(server, utcb_at(9));
  expect(finishes(client) && finishes(sender));
  expect_eq(answered, 7u);
  expect_eq(sent, 1u);
  expect_eq(report.value, sender.raw);
}

TEST("local ids: the old one is nobody's any more, in the new space there is a new one") {
  static volatile Word old_error, new_error;
  static ThreadId old_id, new_id;
  old_error = ~Word{0};
  new_error = ~Word{0};
  const ThreadId home = make_host(), host = make_host();
  const ThreadId id = spawn_sibling(home, [](Word) {
    for (;;) receive();
  });
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  old_id = ThreadId(utcb_at(slot_of(id).utcb) + 0x200);
  new_id = ThreadId(utcb_at(9) + 0x200);
  expect_eq(move(id, host, utcb_at(9)), ok);
  const auto send_there = [](ThreadId to) {
    return send(to, 1, timeouts(1'000'000, 0)).failed() ? error_now() : 0;
  };
  const ThreadId there = spawn_sibling(host, [](Word) {});
  require(finishes(there));
  slot_of(home).finished = false;
  slot_of(host).finished = false;
  static auto try_it = send_there;
  start(home, [](Word) { old_error = try_it(old_id); }, 0, runner);
  start(host, [](Word) { new_error = try_it(new_id); }, 0, runner);
  expect(finishes(home) && finishes(host));
  expect_eq(old_error, send_no_partner);
  expect_eq(new_error, 0u);
}

TEST("rights are those of the space: out of the root task's no privilege, back in it again") {
  static volatile Word result;
  static volatile bool ask;
  clear_report();
  result = 99;
  ask = false;
  const ThreadId host = make_host();
  const ThreadId id = spawn([](Word) {
    for (;;) {
      while (!ask) asm volatile("pause");
      ask = false;
      result = l4_thread_control(nobody.raw, 0, 0, 0, ~Word{0}) == 1 ? 0 : error_now();
    }
  });
  const auto asked = [] {
    result = 99;
    ask = true;
    expect(eventually([] { return result != 99; }));
    return result;
  };
  expect_eq(asked(), ok);
  expect_eq(move(id, host, utcb_at(9)), ok);
  expect_eq(asked(), no_privilege);
  expect_eq(move(id, ThreadId::self(), utcb_at(210)), ok);
  expect_eq(asked(), ok);
}

TEST("all at once: space, UTCB, version, pager and scheduler; and every error leaves all as it was") {
  const ThreadId host = make_host(), other = make_host(), id = begin(body_computes), me = ThreadId::self();
  require(eventually([] { return report.count != 0; }));
  const ThreadId renamed(id.raw + 0x40000);
  Slot& bare = take_slot();
  require(thread_control(bare.id, bare.id, me, nil) == ok);
  const Word pager = L4_PagerOf(id).raw;
  struct Case {
    const char* what;
    ThreadId dest, space, scheduler, pager;
    Word utcb, error;
  };
  const Case cases[] = {
      {"no such space, and all else bad", renamed, nobody, nobody, other, 1, invalid_space},
      {"an interrupt's space", renamed, ThreadId::global(4, 1), me, other, utcb_at(9), invalid_space},
      {"a space without areas, bad scheduler", renamed, bare.id, nobody, other, utcb_at(9), invalid_space},
      {"bad scheduler and UTCB", renamed, host, nobody, other, 1, invalid_scheduler},
      {"UTCB taken", renamed, host, me, other, utcb_at(0), utcb_error},
      {"UTCB not given, and taken there", renamed, host, me, other, keep_utcb, utcb_error},
      {"UTCB outside", renamed, host, me, other, runtime::utcb_address - 1024, utcb_error},
      {"UTCB not aligned", renamed, host, me, other, utcb_at(9) + 64, utcb_error},
      {"bad pager", renamed, host, me, ThreadId(0xbf03'fe00), utcb_at(9), invalid_thread},
  };
  for (const Case& c : cases) {
    context(c.what);
    expect_eq(thread_control(c.dest, c.space, c.scheduler, c.pager, c.utcb), c.error);
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
    expect_eq(state_of(renamed), Word{L4_SCHEDRESULT_ERROR});
    expect_eq(L4_PagerOf(id).raw, pager);
  }
  context("");
  expect_eq(thread_control(renamed, host, other, runner, utcb_at(9)), ok);
  slot_of(id).id = renamed;
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
  expect_eq(state_of(renamed), Word{L4_SCHEDRESULT_RUNNING});
  report.go = true;
  expect_arrived(renamed, utcb_at(9));
  // Its new scheduler may schedule it, from a space without privilege.
  static ThreadId target;
  static volatile Word result;
  target = renamed;
  slot_of(other).finished = false;
  start(other, [](Word) { result = state_of(target); }, 0, runner);
  require(finishes(other));
  expect(result != 0);
}

TEST("oneself and the last thread of sigma0's space do not move: error 2, before the scheduler is looked at") {
  const ThreadId host = make_host(), sigma0 = ThreadId::global(L4_ThreadIdUserBase(nullptr), 1);
  expect_eq(thread_control(ThreadId::self(), host, nobody, nil, utcb_at(9)), invalid_thread);
  expect_eq(thread_control(sigma0, host, nobody, nil, utcb_at(9)), invalid_thread);
  expect_eq(thread_control(sigma0, nil, nil, nil), invalid_thread);
  expect_eq(thread_control(sigma0, sigma0, nil, nil), ok);
}

TEST("an inactive thread is moved and activated in one call, or neither") {
  const ThreadId host = make_host(), me = ThreadId::self();
  Slot& slot = take_slot();
  require(thread_control(slot.id, me, me, nil, utcb_at(230)) == ok);
  clear_report();
  expect_eq(thread_control(slot.id, host, nil, runner, utcb_at(0)), utcb_error);
  expect_eq(thread_control(slot.id, host, nobody, runner, utcb_at(9)), invalid_scheduler);
  // It is still where it was: it can be activated at the location that it was given.
  expect_eq(state_of(slot.id), Word{L4_SCHEDRESULT_INACTIVE});
  expect_eq(thread_control(slot.id, host, nil, runner, utcb_at(9)), ok);
  start(slot.id, [](Word) { report.tell(); }, 0, runner);
  expect_arrived(slot.id, utcb_at(9));

  Slot& stays = take_slot();
  require(thread_control(stays.id, me, me, nil, utcb_at(231)) == ok);
  expect_eq(thread_control(stays.id, host, nil, runner), ok);  // the location it has, in another area
  clear_report();
  start(stays.id, [](Word) { report.tell(); }, 0, runner);
  expect_arrived(stays.id, utcb_at(231));
}
