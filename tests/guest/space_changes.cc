// SPDX-License-Identifier: MIT
// SpaceControl on spaces that are in use, or no longer: whom it takes for a member, what
// it looks at and in which order, and redirectors (manual, chapter 4.3).
#include "messages.h"

using namespace guest;

namespace {

using l4::Fpage;
using l4::ThreadId;
constexpr Word ok = 0, invalid_thread = 2, invalid_space = 3, utcb_error = 6, kip_error = 7;
const ThreadId nil = ThreadId::nil(), any = ThreadId::any(), nobody = ThreadId::global(0x3fff0, 1);
const Fpage other_kip = Fpage::page(0x5000'0000), other_utcbs = Fpage::memory(0x6000'0000, 14);

ThreadId inactive_member(ThreadId space) {
  Slot& slot = take_slot();
  require(thread_control(slot.id, space, ThreadId::self(), nil) == ok, "inactive member");
  return slot.id;
}

// A thread at `location`, and where its KIP is.
Word kip_seen_from(ThreadId space, Word location) {
  static volatile Word kip;
  kip = 0;
  Slot& slot = take_slot();
  if (!expect_eq(thread_control(slot.id, space, ThreadId::self(), runner, location), ok)) return 0;
  start(slot.id, [](Word) { kip = reinterpret_cast<Word>(L4_GetKernelInterface()); }, 0, runner);
  expect(finishes(slot.id));
  end_thread(slot.id);
  return kip;
}

}  // namespace

TEST("areas change when the last active thread has gone, by deletion or to another space") {
  const ThreadId host = make_task();
  for (const bool moves : {false, true}) {
    context("moves", moves);
    const ThreadId id = spawn_task([](Word) { L4_LoadMR(63, 5); });
    require(finishes(id));
    const ThreadId member = inactive_member(id);
    // Not yet: what is bad is not even looked at, and nothing changes.
    expect_eq(space_control(member, Fpage::nil(), Fpage::complete(), nil), ok);
    expect_eq(kip_seen_from(member, utcb_at(3)), runtime::kip_address);
    if (moves)
      expect_eq(thread_control(id, host, nil, nil, utcb_at(9)), ok);
    else
      end_thread(id);
    expect_eq(space_control(member, other_kip, Fpage::nil(), nil), utcb_error);
    expect_eq(kip_seen_from(member, utcb_at(4)), runtime::kip_address);
    expect_eq(space_control(member, other_kip, other_utcbs, nil), ok);
    expect_eq(kip_seen_from(member, 0x6000'0000 + 15 * 1024), 0x5000'0000u);
    // Nobody is left at the old places.
    Slot& slot = take_slot();
    expect_eq(thread_control(slot.id, member, ThreadId::self(), runner, utcb_at(5)), utcb_error);
    end_thread(member);
  }
}

TEST("errors in their order: UTCB area, KIP area, redirector; the first one counts, and nothing changes") {
  Slot& slot = take_slot();
  require(thread_control(slot.id, slot.id, ThreadId::self(), nil) == ok);
  struct Case {
    ThreadId space;
    Fpage kip, utcbs;
    ThreadId redirector;
    Word error;
  };
  const Case cases[] = {
      {nobody, Fpage::nil(), Fpage::nil(), nobody, invalid_space},
      {slot.id, Fpage::nil(), Fpage::nil(), nobody, utcb_error},
      {slot.id, Fpage::nil(), utcb_area, nobody, kip_error},
      {slot.id, kip_area, utcb_area, nobody, invalid_thread},
      {slot.id, kip_area, utcb_area, ThreadId::global(4, 1), invalid_thread},    // an interrupt
      {slot.id, kip_area, utcb_area, ThreadId(slot.id.raw + 2), invalid_thread},  // another version
      {slot.id, kip_area, utcb_area, ThreadId(0xbf03'fe00), invalid_thread},     // a local id of nobody
  };
  for (const Case& c : cases) {
    context("case", static_cast<Word>(&c - cases));
    expect_eq(space_control(c.space, c.kip, c.utcbs, c.redirector), c.error);
    expect_eq(thread_control(slot.id, slot.id, nil, runner, utcb_at(0)), invalid_space);
  }
  context("");
  // In a space that is in use, the redirector alone is looked at.
  const ThreadId task = make_task();
  expect_eq(space_control(task, Fpage::nil(), Fpage::nil(), nobody), invalid_thread);
  expect_eq(space_control(task, Fpage::nil(), Fpage::nil(), nil), ok);
  expect_eq(space_control(task, Fpage::nil(), Fpage::nil(), any), ok);
}

TEST("a space is named by any of its threads, also by a local id; control bits change nothing") {
  const ThreadId task = make_task(), member = inactive_member(task);
  expect_eq(space_control(member, kip_area, utcb_area, any), ok);
  expect_eq(space_control(ThreadId(L4_MyLocalId().raw), kip_area, utcb_area, nil), ok);  // one's own
  for (const Word control : {Word{1}, Word{1} << 63, ~Word{0}}) {
    Frame f = marked_frame();
    f.rdi = task.raw;
    f.rsi = control;
    f.rdx = kip_area.raw;
    f.r8 = utcb_area.raw;
    f.r9 = 0;
    guest_call(f, l4_links.space_control);
    expect_eq(f.rax, 1u);
    expect_eq(f.rdx, 0u);
  }
}

namespace {

// Calls the server for as long as it can.
struct Caller {
  ThreadId server;
  volatile Word answers = 0, error = 0;
};
void call_on(Word argument) {
  Caller& c = object_at<Caller>(argument);
  for (;;) {
    if (call(c.server, 1).tag.failed()) break;
    c.answers = c.answers + 1;
    sleep_us(100);
  }
  c.error = L4_ErrorCode();
}

}  // namespace

TEST("a redirector holds at once for all threads of the space, those on the fast path as well") {
  constexpr unsigned count = 12;
  static Caller callers[count];
  const ThreadId server = spawn_task([](Word) {
    Received r = receive();
    for (;;) r = reply_wait(r.from, 2);
  });
  const ThreadId task = spawn_task([](Word) { touch_program(); });
  require(finishes(task));
  ThreadId ids[count];
  for (unsigned i = 0; i < count; ++i) {
    callers[i].server = server;
    callers[i].answers = 0;
    callers[i].error = 0;
    ids[i] = spawn_sibling(task, call_on, address_of(callers[i]));
  }
  for (Caller& c : callers) require(eventually([&] { return c.answers > 3; }));
  expect_eq(space_control(task, kip_area, utcb_area, ThreadId::any_local()), ok);
  Word answers[count];
  for (unsigned i = 0; i < count; ++i) answers[i] = callers[i].answers;
  for (unsigned i = 0; i < count; ++i) {
    context("caller", i);
    expect(finishes(ids[i]));
    expect_eq(callers[i].error, send_no_partner);
    expect(callers[i].answers <= answers[i] + 1);  // the answer to a call that it had sent before
  }
  // A thread that comes later, and one that comes from elsewhere, are bound as well.
  context("");
  callers[0].error = 0;
  const ThreadId late = spawn_sibling(task, call_on, address_of(callers[0]));
  expect(finishes(late));
  expect_eq(callers[0].error, send_no_partner);
  callers[1].error = 0;
  callers[1].answers = 0;
  const ThreadId moved = spawn_task(call_on, address_of(callers[1]));
  require(eventually([] { return callers[1].answers > 3; }));
  expect_eq(thread_control(moved, task, nil, nil, utcb_at(220)), ok);
  expect(finishes(moved));
  expect_eq(space_control(task, kip_area, utcb_area, any), ok);
  slot_of(late).finished = false;
  callers[0].answers = 0;
  start(late, call_on, address_of(callers[0]), runner);
  expect(eventually([] { return callers[0].answers > 3; }));
}
