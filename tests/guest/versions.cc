// SPDX-License-Identifier: MIT
// Threads that get another version, in each state (manual, chapter 2.4).
#include "thread_states.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();

// Gives it the next version.
ThreadId rename(ThreadId id) {
  const ThreadId renamed(id.raw + 0x40000);
  expect_eq(thread_control(renamed, id, nil, nil), 0u);
  slot_of(id).id = renamed;
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
  expect(state_of(renamed) != L4_SCHEDRESULT_ERROR);
  return renamed;
}

}  // namespace

TEST("in a page fault: the answer has to go to the new id") {
  const ThreadId id = begin(body_faults);
  expect_fault(id);
  const ThreadId renamed = rename(id);
  expect_failed(answer_fault(id), send_no_partner);
  expect_ok(answer_fault(renamed));
  expect(reported());
  expect_eq(report.value, 4711u);
  expect_eq(report.global_id, renamed.raw);
}

TEST("in an exception: the same") {
  const ThreadId id = begin(body_raises);
  expect_exception(id);
  const ThreadId renamed = rename(id);
  expect_failed(answer_exception(id), send_no_partner);
  expect_ok(answer_exception(renamed));
  expect(reported());
}

TEST("while it sends: the message comes from the new id") {
  const ThreadId id = begin(body_sends);
  require(becomes(id, L4_SCHEDRESULT_PENDING_SEND));
  const ThreadId renamed = rename(id);
  expect_failed(receive(id, timeouts(0, 1000)).tag, receive_no_partner);
  const Received r = receive(renamed, timeouts(0, 1000));
  expect_ok(r.tag);
  expect_eq(r.tag.label(), 44);
  expect_eq(r.from, renamed);
  expect(reported());
  expect_eq(report.error, 0u);
}

TEST("while it runs, sleeps, is halted, is inactive, waits for its start") {
  const ThreadId running = rename(begin(body_computes));
  require(eventually([] { return report.count != 0; }));
  report.go = true;
  expect(reported());
  expect_eq(report.global_id, running.raw);
  expect_eq(report.value, 0x1234'5678'9abc'def0u);

  ThreadId id = begin(body_computes);
  require(eventually([] { return report.count != 0; }));
  L4_Stop(id);
  id = rename(id);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
  report.go = true;
  L4_Start(id);
  expect(reported());

  Slot& slot = take_slot();
  require(thread_control(slot.id, ThreadId::self(), ThreadId::self(), nil) == 0);
  id = rename(slot.id);
  expect_eq(thread_control(id, ThreadId::self(), nil, runner, utcb_at(230)), 0u);
  id = rename(id);
  clear_report();
  start(id, [](Word) { report.tell(); }, 0, runner);
  expect(reported());
  expect_eq(report.global_id, id.raw);

  const ThreadId sleeper = begin(body_sleeps);
  require(becomes(sleeper, L4_SCHEDRESULT_WAITING));
  rename(sleeper);
  expect_eq(state_of(slot_of(sleeper).id), Word{L4_SCHEDRESULT_WAITING});
  expect(!report.done);  // nobody else has anything to do with its sleep
}

TEST("versions need one of their low six bits; that or another space decides nothing by halves") {
  const ThreadId id = begin(body_computes);
  require(eventually([] { return report.count != 0; }));
  expect_eq(thread_control(ThreadId::global(id.number(), 0x1000), id, nil, nil), 3u);
  expect_eq(thread_control(ThreadId::global(id.number(), 0), id, nil, nil), 3u);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
  // Any version of an existing number names the thread; so does deletion.
  expect_eq(thread_control(ThreadId(id.raw + 0x80000), nil, nil, nil), 0u);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_ERROR});
  slot_of(id).id = nil;
}

TEST("the space's name: SpaceSpecifier may be the thread's new id, and not an id that nobody has") {
  const ThreadId id = begin(body_computes);
  require(eventually([] { return report.count != 0; }));
  const ThreadId renamed(id.raw + 0x40000);
  expect_eq(thread_control(renamed, ThreadId(id.raw + 0x80000), nil, nil), 3u);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_RUNNING});
  expect_eq(thread_control(renamed, renamed, nil, nil), 0u);
  slot_of(id).id = renamed;
  expect_eq(state_of(renamed), Word{L4_SCHEDRESULT_RUNNING});
}
