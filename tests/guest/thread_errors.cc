// SPDX-License-Identifier: MIT
// ThreadControl: its errors, the order in which it looks for them, and that a call
// that fails changes nothing (manual, chapter 2.4).
#include "threads.h"

using namespace guest;

namespace {

using l4::ThreadId;

constexpr Word ok = 0, no_privilege = 1, invalid_thread = 2, invalid_space = 3, invalid_scheduler = 4,
               utcb_error = 6;
const ThreadId nil = ThreadId::nil();
const ThreadId nobody = ThreadId::global(0x3fff0, 1);

ThreadId self() { return ThreadId::self(); }
bool exists(ThreadId id) { return state_of(id) != 0; }

// An id that no thread has; what a test makes of it has to be deleted.
ThreadId fresh_id() {
  Slot& slot = take_slot();
  return slot.id;
}

}  // namespace

TEST("without privilege: error 1, whatever the arguments") {
  static ThreadId id;
  id = fresh_id();
  const ThreadId task = spawn_task([](Word) {
    const ThreadId me = ThreadId::self();
    expect_eq(thread_control(id, id, me, nil), no_privilege);
    expect_eq(thread_control(id, me, me, me), no_privilege);
    expect_eq(thread_control(nil, nil, nil, nil), no_privilege);
    expect_eq(thread_control(me, nil, nil, nil), no_privilege);
    expect_eq(thread_control(test_thread, nil, nil, nil), no_privilege);
    expect_eq(thread_control(ThreadId::global(~Word{0}, 1), me, me, me), no_privilege);
    expect_eq(thread_control(ThreadId::global(4, 1), ThreadId::global(4, 1), nil, me), no_privilege);
  });
  expect(finishes(task));
  expect(!exists(id));
}

TEST("dest is no global id: error 3") {
  for (const ThreadId dest : {nil, ThreadId::any(), ThreadId::any_local(), ThreadId(L4_MyLocalId().raw),
                              ThreadId(0x40), ThreadId::global(200, 64)}) {
    context("dest", dest.raw);
    expect_eq(thread_control(dest, self(), self(), nil), invalid_space);
    expect_eq(thread_control(dest, dest, self(), nil), invalid_space);
    expect_eq(thread_control(dest, nil, nil, nil), invalid_space);
  }
}

TEST("dest of the kernel or beyond the thread numbers: error 2") {
  const Word user_base = L4_ThreadIdUserBase(nullptr), bits = L4_ThreadIdBits(nullptr);
  for (const Word number :
       {Word{0}, user_base - 1, Word{1} << bits, (Word{1} << bits) + user_base + 3, 0xffff'ffffUL}) {
    context("number", number);
    expect_eq(thread_control(ThreadId::global(number, 1), self(), self(), nil), invalid_thread);
    expect_eq(thread_control(ThreadId::global(number, 1), nil, nil, nil), invalid_thread);
  }
}

TEST("deleting oneself: error 2; deleting who does not exist: success") {
  expect_eq(thread_control(self(), nil, nil, nil), invalid_thread);
  expect_eq(thread_control(nobody, nil, nil, nil), ok);
  expect_eq(thread_control(nobody, nil, nobody, nobody, 12345), ok);
}

TEST("creation: every bad argument has its error, and nothing is there afterwards") {
  const ThreadId id = fresh_id();
  struct Case {
    const char* what;
    ThreadId space, scheduler, pager;
    Word utcb, error;
  };
  const Word area_end = runtime::utcb_address + (Word{1} << runtime::utcb_area_order);
  const ThreadId me = self(), empty = fresh_id();
  expect_eq(thread_control(empty, empty, me, nil), ok);  // a space without areas
  const Case cases[] = {
      {"no such space", nobody, me, nil, keep_utcb, invalid_space},
      {"space of another version", ThreadId(me.raw + 2), me, nil, keep_utcb, invalid_space},
      {"space is an interrupt", ThreadId::global(4, 1), me, nil, keep_utcb, invalid_space},
      {"space is anythread", ThreadId::any(), me, nil, keep_utcb, invalid_space},
      {"space is a bad local id", ThreadId(0xbf03'0200), me, nil, keep_utcb, invalid_space},
      {"new space, with a pager", id, me, me, utcb_at(0), invalid_space},
      {"new space, no scheduler", id, nil, nil, keep_utcb, invalid_scheduler},
      {"new space, dead scheduler", id, nobody, nil, keep_utcb, invalid_scheduler},
      {"dead scheduler", me, nobody, nil, keep_utcb, invalid_scheduler},
      {"scheduler anythread", me, ThreadId::any(), nil, keep_utcb, invalid_scheduler},
      {"scheduler is a bad local id", me, ThreadId(0xbf03'0200), nil, keep_utcb, invalid_scheduler},
      {"active without areas", empty, me, me, utcb_at(1), invalid_space},
      {"active, no UTCB location", me, me, me, keep_utcb, utcb_error},
      {"UTCB not aligned", me, me, me, utcb_at(200) + 512, utcb_error},
      {"UTCB not aligned, inactive", me, me, nil, utcb_at(200) + 8, utcb_error},
      {"UTCB behind the area", me, me, me, area_end, utcb_error},
      {"UTCB before the area", me, me, nil, runtime::utcb_address - 1024, utcb_error},
      {"UTCB in the kernel's half", me, me, me, 0xffff'ffff'c000'0000, utcb_error},
      {"UTCB not canonical", me, me, me, 0x8000'0000'0000, utcb_error},
      {"UTCB in use", me, me, me, utcb_at(0), utcb_error},
      // More than one error: the first of thread, space, scheduler, UTCB.
      {"bad space and scheduler", nobody, nobody, nil, keep_utcb, invalid_space},
      {"bad scheduler and UTCB", me, nobody, me, 1, invalid_scheduler},
      {"bad space and UTCB", nobody, me, me, 1, invalid_space},
  };
  for (const Case& c : cases) {
    context(c.what);
    expect_eq(thread_control(id, c.space, c.scheduler, c.pager, c.utcb), c.error);
    expect(!exists(id), "it was created");
    if (exists(id)) thread_control(id, nil, nil, nil);
  }
  context("");
  // The slot in the UTCB area is not lost by the failures.
  expect_eq(thread_control(id, me, me, me, utcb_at(200)), ok);
}

TEST("change: every bad argument has its error, and the thread is as before") {
  const ThreadId active = make_thread(), me = self(), other = make_task(), inactive = fresh_id();
  expect_eq(thread_control(inactive, me, me, nil), ok);
  struct Case {
    const char* what;
    ThreadId dest, space, scheduler, pager;
    Word utcb, error;
  };
  const Case cases[] = {
      {"no such space", active, nobody, nil, nil, keep_utcb, invalid_space},
      {"dead scheduler", active, me, nobody, nil, keep_utcb, invalid_scheduler},
      {"dead scheduler, new pager", active, me, nobody, other, keep_utcb, invalid_scheduler},
      {"UTCB of an active thread", active, me, nil, nil, utcb_at(201), utcb_error},
      {"its own UTCB again", active, me, nil, nil, utcb_at(slot_of(active).utcb), utcb_error},
      {"UTCB with new version, scheduler and pager", ThreadId(active.raw + 2), me, other, other, utcb_at(201),
       utcb_error},
      {"new version, bad space", ThreadId(active.raw + 2), nobody, other, other, keep_utcb, invalid_space},
      {"new version, bad scheduler", ThreadId(active.raw + 2), me, nobody, other, keep_utcb,
       invalid_scheduler},
      {"activation without UTCB", inactive, me, nil, me, keep_utcb, utcb_error},
      {"activation, UTCB in use", inactive, me, nil, me, utcb_at(0), utcb_error},
      {"activation, UTCB outside", inactive, me, nil, me, 0x1000, utcb_error},
      {"activation, bad scheduler", inactive, me, nobody, me, utcb_at(201), invalid_scheduler},
      {"activation under a new version, UTCB in use", ThreadId(inactive.raw + 2), me, other, me, utcb_at(0),
       utcb_error},
  };
  const Word pager = L4_PagerOf(active).raw;
  for (const Case& c : cases) {
    context(c.what);
    expect_eq(thread_control(c.dest, c.space, c.scheduler, c.pager, c.utcb), c.error);
    expect_eq(state_of(active), Word{L4_SCHEDRESULT_WAITING});
    expect_eq(state_of(inactive), Word{L4_SCHEDRESULT_INACTIVE});
    expect_eq(L4_PagerOf(active).raw, pager);
  }
  context("");
  expect_eq(thread_control(inactive, me, nil, me, utcb_at(201)), ok);
}

TEST("the scheduler has not changed after a failed call, and has after a good one") {
  static ThreadId dest;
  dest = make_thread();
  const ThreadId me = self();
  const ThreadId task = make_task();
  const auto may_schedule = [&] {
    static Word result;
    slot_of(task).finished = false;
    start(
        task, [](Word) { result = state_of(dest); }, 0, runner);
    require(finishes(task));
    return result != 0;
  };
  expect(!may_schedule());
  expect_eq(thread_control(dest, me, task, nil, utcb_at(201)), utcb_error);
  expect(!may_schedule());
  expect_eq(thread_control(dest, me, task, nil), ok);
  expect(may_schedule());
  expect_eq(thread_control(dest, me, nil, nil), ok);
  expect(may_schedule());
}
