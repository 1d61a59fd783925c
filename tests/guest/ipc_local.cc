// SPDX-License-Identifier: MIT
// Local ids wherever a thread is named, Lipc, and waits for threads of the space
// (manual, chapters 2.1, 5.4 and 5.6).
#include "messages.h"

using namespace guest;

namespace {

l4::ThreadId local_id(l4::ThreadId id) { return l4::ThreadId(utcb_at(slot_of(id).utcb) + 0x200); }
l4::ThreadId partner;

}  // namespace

TEST("Lipc: call, and reply-and-wait for threads of the space; a foreign call waits") {
  static l4::ThreadId server;
  static volatile Word served, foreign_served;
  served = 0;
  foreign_served = 0;
  server = spawn([](Word) {
    L4_ThreadId_t client = L4_nilthread;
    L4_MsgTag_t tag = L4_Lipc(L4_nilthread, L4_anylocalthread, never, &client);
    for (int i = 0; i < 3; ++i) {
      expect(L4_IsLocalId(client), "a local id");
      served = served + 1;
      L4_Set_MsgTag(tag);
      if (i < 2) tag = L4_LreplyWait(client, &client);
    }
    // Now anybody may come.
    tag = L4_ReplyWait(client, &client);
    foreign_served = client.raw;
    L4_Set_MsgTag(tag);
    L4_Reply(client);
  });
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  const l4::ThreadId foreign = spawn_task([](Word) { expect_ok(call(server, 77).tag); });
  require(becomes(foreign, L4_SCHEDRESULT_PENDING_SEND));
  for (int i = 0; i < 3; ++i) {
    L4_Set_MsgTag(L4_MsgTag_t{.raw = l4::Tag::make(50 + i, 0).raw});
    const L4_MsgTag_t answer = L4_Lcall(local_id(server));
    expect_ok({answer.raw});
    expect_eq(l4::Tag{answer.raw}.label(), 50 + i);
  }
  expect(finishes(foreign));
  expect_eq(served, 3u);
  expect_eq(foreign_served, foreign.raw);
}

TEST("any local thread: a foreign sender that came first stays in its place, local ones are served in order") {
  struct Sending {
    long label;
    bool foreign;
  };
  static const Sending order[] = {{1, true}, {2, false}, {3, true}, {4, false}};
  partner = l4::ThreadId::self();
  for (const Sending& s : order) {
    const Body body = [](Word label) { expect_ok(send(partner, static_cast<long>(label))); };
    const l4::ThreadId id = s.foreign ? spawn_task(body, static_cast<Word>(s.label)) : spawn(body, static_cast<Word>(s.label));
    require(becomes(id, L4_SCHEDRESULT_PENDING_SEND));
  }
  for (const long label : {2L, 4L}) expect_eq(receive(l4::ThreadId::any_local(), receive_zero).tag.label(), label);
  expect_failed(receive(l4::ThreadId::any_local(), receive_zero).tag, receive_timeout);
  for (const long label : {1L, 3L}) expect_eq(receive(l4::ThreadId::any(), receive_zero).tag.label(), label);
}

TEST("any local thread, with a timeout: not early, error 1 in the receive phase") {
  const Word before = now();
  expect_failed(receive(l4::ThreadId::any_local(), timeouts(0, 3000)).tag, receive_timeout);
  expect(now() - before >= 3000, "early");
}

TEST("a closed wait by a local id admits its thread, by whatever id that sends") {
  for (const bool by_local : {false, true}) {
    context("by local id", by_local);
    partner = by_local ? l4::ThreadId(L4_MyLocalId()) : l4::ThreadId::self();
    const l4::ThreadId sender = make_thread();
    start(
        sender, [](Word) { expect_ok(send(partner, 6)); }, 0, runner);
    const Received r = receive(local_id(sender));
    expect_eq(r.tag.label(), 6);
    expect_eq(r.from, local_id(sender));
  }
}

TEST("Schedule, ThreadSwitch and ExchangeRegisters by local ids") {
  static volatile Word turns;
  turns = 0;
  const l4::ThreadId other = spawn([](Word) {
    for (;;) turns = turns + 1;
  });
  const l4::ThreadId local = local_id(other);
  expect_eq(state_of(local), Word{L4_SCHEDRESULT_RUNNING});
  expect(L4_Set_Priority(local, 60) != 0);
  const Word before = turns;
  L4_ThreadSwitch(local);
  expect(eventually([&] { return turns != before; }), "it ran");
  expect_eq(l4::ThreadId(L4_GlobalIdOf(local)), other);
  L4_Set_UserDefinedHandleOf(local, 0x77);
  expect_eq(L4_UserDefinedHandleOf(other), 0x77u);
  L4_Stop(local);
  expect_eq(state_of(local), Word{L4_SCHEDRESULT_INACTIVE});
}

TEST("ThreadControl takes local ids as space, scheduler and pager; SpaceControl as space and redirector") {
  const l4::ThreadId mine = L4_MyLocalId(), other = make_thread();
  Slot& slot = take_slot();
  expect_eq(thread_control(slot.id, mine, mine, local_id(other), utcb_at(slot.utcb)), 0u);
  expect(l4::ThreadId(L4_PagerOf(slot.id)) == local_id(other) || l4::ThreadId(L4_PagerOf(slot.id)) == other);
  expect(L4_Set_Priority(slot.id, 50) != 0, "its scheduler is the caller");
  // The redirector, by its local id: a message from the task arrives here.
  partner = make_task();
  const l4::ThreadId task = make_task();
  expect_eq(space_control(task, kip_area, utcb_area, mine), 0u);
  start(
      task, [](Word) { send(partner, 71); }, 0, runner);
  const Received r = receive(task, timeouts(0, 1'000'000));
  expect_ok(r.tag);
  expect_eq(r.tag.raw, l4::Tag::make(71, 0).raw | 1 << 13);
  expect_eq(l4::ThreadId(L4_IntendedReceiver()), partner);
}

TEST("pager and exception handler may be local ids in the UTCB") {
  const l4::ThreadId server = make_thread();
  partner = server;
  static volatile Word faults;
  faults = 0;
  const l4::ThreadId faulter = make_thread();
  start(
      server,
      [](Word) {
        Received r = receive();
        if (r.tag.is(L4_PageFaultLabel)) faults = faults + 1;
        r = receive(l4::ThreadId::any(), timeouts(0, 10));
      },
      0, runner);
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  start(
      faulter,
      [](Word) {
        L4_Set_Pager(local_id(partner));
        const Word none = object_at<volatile Word>(0x37'0000'0000);
        faults = none;
      },
      0, runner);
  expect(eventually([] { return faults == 1; }), "the pager");
  const l4::ThreadId handler = make_thread(), thrower = make_thread();
  partner = handler;
  start(
      handler,
      [](Word) {
        const Received r = receive();
        if (r.tag.is(L4_ExceptionLabel)) faults = faults + 1;
      },
      0, runner);
  require(becomes(handler, L4_SCHEDRESULT_WAITING));
  faults_are_expected = true;
  start(
      thrower,
      [](Word) {
        L4_Set_ExceptionHandler(local_id(partner));
        asm volatile("ud2");
      },
      0, runner);
  expect(eventually([] { return faults == 2; }), "the exception handler");
}
