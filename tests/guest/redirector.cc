// SPDX-License-Identifier: MIT
// Spaces whose messages go through a redirector (manual, chapters 4.3 and 5.4): what
// is redirected, what is exempt, on every way through the kernel.
#include "messages.h"

using namespace guest;

namespace {

// Three spaces: the redirector's, the confined task's, and that of whom it wants to reach.
struct World {
  l4::ThreadId redirector, task, outside;
};
World world;

void make_world() {
  world = {make_task(), make_task(), make_task()};
  // Its faults come to the runner, which is not in the redirector's space: the program
  // has to be there before the redirector is.
  start(
      world.task, [](Word) { touch_program(); }, 0, runner);
  require(finishes(world.task));
  expect_eq(space_control(world.task, kip_area, utcb_area, world.redirector), 0u);
}
void run(l4::ThreadId id, Body body) {
  slot_of(id).finished = false;
  start(id, body, 0, runner);
}
void run_and_wait(l4::ThreadId id, Body body) {
  run(id, body);
  require(becomes(id, L4_SCHEDRESULT_WAITING), "it waits");
}
struct Seen {
  l4::Tag tag;
  l4::ThreadId from, intended;
};
Seen seen;

}  // namespace

TEST("call: the redirector sees bit r and whom it was meant for; a closed wait for that one admits it alone") {
  make_world();
  static Received answer;
  run_and_wait(world.redirector, [](Word) {
    const Received r = receive();
    seen = {r.tag, r.from, L4_IntendedReceiver()};
    expect_failed(send(r.from, 81, send_zero), send_timeout);
  });
  run(world.task, [](Word) { answer = call(world.outside, 80, timeouts(1'000'000, 5000)); });
  expect(finishes(world.task));
  expect_eq(seen.tag.raw, l4::Tag::make(80, 0).raw | 1 << 13);
  expect_eq(seen.from, world.task);
  expect_eq(seen.intended, world.outside);
  expect(answer.tag.failed(), "answered");
}

TEST("send and reply-and-wait by the fast path and by the slow one: all go to the redirector") {
  make_world();
  static l4::Tag outside_tag;
  outside_tag = {};
  run_and_wait(world.outside, [](Word) { outside_tag = receive().tag; });
  static unsigned count;
  count = 0;
  run_and_wait(world.redirector, [](Word) {
    for (;;) {
      const Received r = receive();
      if ((r.tag.raw & 1 << 13) != 0 && l4::ThreadId(L4_IntendedReceiver()) == world.outside) ++count;
    }
  });
  run(world.task, [](Word) {
    send(world.outside, 1);
    send(world.outside, 2, timeouts(1'000'000, 0));
    sleep_us(1000);
    reply_wait(world.outside, 3, send_zero | L4_TimePeriod(100).raw);
    sleep_us(1000);
    L4_LoadMR(60, 7);
    L4_Set_MsgTag(L4_MsgTag_t{.raw = l4::Tag::make(4, 63).raw});
    L4_Send(world.outside);
  });
  expect(finishes(world.task));
  expect(eventually([] { return count == 4; }));
  expect_eq(outside_tag.raw, 0u, "somebody outside was reached");
}

TEST("exempt: messages inside the space, and to the redirector's space") {
  make_world();
  const l4::ThreadId inside = make_sibling(world.task), beside = make_sibling(world.redirector);
  static World others;
  others = {beside, inside, {}};
  static Seen at_beside, at_inside, at_redirector;
  run_and_wait(beside, [](Word) {
    const Received r = receive();
    at_beside = {r.tag, r.from, {}};
  });
  run_and_wait(inside, [](Word) {
    const Received r = receive();
    at_inside = {r.tag, r.from, {}};
  });
  run_and_wait(world.redirector, [](Word) {
    const Received r = receive();
    at_redirector = {r.tag, r.from, {}};
  });
  run(world.task, [](Word) {
    expect_ok(send(others.redirector, 11));
    expect_ok(send(others.task, 12));
    expect_ok(send(world.redirector, 13));
  });
  expect(finishes(world.task));
  expect(finishes(beside) && finishes(inside) && finishes(world.redirector));
  expect_eq(at_beside.tag.raw, l4::Tag::make(11, 0).raw);
  expect_eq(at_beside.from, world.task);
  expect_eq(at_inside.tag.raw, l4::Tag::make(12, 0).raw);
  expect(at_inside.from.is_local());
  expect_eq(at_redirector.tag.raw, l4::Tag::make(13, 0).raw);
}

TEST("messages into the space are not redirected, and waits for outsiders are not either") {
  make_world();
  run_and_wait(world.task, [](Word) {
    const Received r = receive(world.outside);
    seen = {r.tag, r.from, {}};
  });
  run(world.outside, [](Word) { expect_ok(send(world.task, 14)); });
  expect(finishes(world.task));
  expect_eq(seen.tag.raw, l4::Tag::make(14, 0).raw);
  expect_eq(seen.from, world.outside);
}

TEST("a redirector that is not ready is waited for, as its timeouts say; one that is gone is error 2") {
  make_world();
  static volatile bool last;
  last = false;
  run_and_wait(world.outside, [](Word) { receive(); });
  run(world.task, [](Word) {
    expect_failed(send(world.outside, 1, send_zero), send_timeout);
    expect_failed(send(world.outside, 1, timeouts(1000, 0)), send_timeout);
    expect_failed(send(l4::ThreadId::global(0x3ffff, 1), 1), send_no_partner);
    last = true;
    send(world.outside, 1);  // stays queued
  });
  require(eventually([] { return last; }));
  require(becomes(world.task, L4_SCHEDRESULT_PENDING_SEND));
  end_thread(world.redirector);
  expect(becomes(world.task, L4_SCHEDRESULT_WAITING), "the queued message has failed");
  expect(finishes(world.task));
  run(world.task, [](Word) {
    expect_failed(send(world.outside, 1), send_no_partner);
    expect_failed(call(world.outside, 1).tag, send_no_partner);
  });
  expect(finishes(world.task));
}

TEST("a propagated message is redirected as any other") {
  make_world();
  static l4::ThreadId sibling;
  static Word actual;
  sibling = make_sibling(world.task);
  run_and_wait(world.redirector, [](Word) {
    const Received r = receive();
    seen = {r.tag, r.from, L4_IntendedReceiver()};
    actual = L4_ActualSender().raw;
  });
  run(world.task, [](Word) {
    L4_Set_VirtualSender(sibling);
    l4::Words m(l4::Tag{l4::Tag::make(15, 0).raw | 1 << 12});
    expect_ok(l4::send_words(world.outside, m));
  });
  expect(finishes(world.task) && finishes(world.redirector));
  expect_eq(seen.tag.raw, l4::Tag::make(15, 0).raw | 1 << 12 | 1 << 13);
  expect_eq(seen.from, sibling);
  expect_eq(actual, world.task.raw);
  expect_eq(seen.intended, world.outside);
}
