// SPDX-License-Identifier: MIT
// Bad ids, bad messages, propagation and redirection (manual, chapters 5.4 to 5.6).
#include "messages.h"

using namespace guest;

namespace {

const l4::ThreadId nobody[] = {
    l4::ThreadId::global(0x3ffff, 1),  // never made
    l4::ThreadId::global(0x40000, 1),  // beyond the numbers
    l4::ThreadId::global(0xffff'ffff, 0xffff'ffc1),
    l4::ThreadId::global(0, 1),
    l4::ThreadId(0xbf00'0201),               // nearly a local id
    l4::ThreadId(0xbf00'0200 + 255 * 1024),  // a local id that nobody has
    l4::ThreadId(0xbf04'0200),               // behind the UTCB area
    l4::ThreadId(0xbeff'fe00),               // before it
    l4::ThreadId(0xbf00'0240),               // not a UTCB's
    l4::ThreadId(0x0000'8000'0000'0000),     // not canonical
    l4::ThreadId(0xffff'8000'0000'0200),     // the kernel's half
    l4::ThreadId(0xffff'ffff'c000'0000),     // where the kernel keeps threads
};

l4::ThreadId wrong_version() { return l4::ThreadId(runner.raw + 2); }

// A thread that waits for anybody, with a window of everything and marks in its UTCB.
struct Waiter {
  volatile Word tag = 0, error = 0, word = 0, from = 0, actual = 0, intended = 0;
  Word acceptor = 0x10;
  l4::ThreadId wait_for = l4::ThreadId::any();
};
void wait_once(Word argument) {
  Waiter& w = object_at<Waiter>(argument);
  L4_Accept(L4_Acceptor_t{.raw = w.acceptor});
  l4::Words m;
  const l4::ThreadId from = l4::ipc_words(l4::ThreadId::nil(), w.wait_for, {never}, m);
  w.error = L4_ErrorCode();
  w.word = m[1];
  w.from = from.raw;
  w.actual = L4_ActualSender().raw;
  w.intended = L4_IntendedReceiver().raw;
  w.tag = m[0];
}

}  // namespace

TEST("send to an id that nobody has: error 2 in the send phase") {
  for (const l4::ThreadId id : nobody) {
    context("id", id.raw);
    expect_failed(send(id, 1), send_no_partner);
    expect_failed(call(id, 1).tag, send_no_partner);
    expect_failed(reply_wait(id, 1).tag, send_no_partner);
  }
  expect_failed(send(wrong_version(), 1), send_no_partner);
}

TEST("send to anythread or anylocalthread: error 2 in the send phase") {
  expect_failed(send(l4::ThreadId::any(), 1), send_no_partner);
  expect_failed(send(l4::ThreadId::any_local(), 1), send_no_partner);
  expect_failed(call(l4::ThreadId::any(), 1).tag, send_no_partner);
  expect_failed(call(l4::ThreadId::any_local(), 1).tag, send_no_partner);
}

TEST("receive from an id that nobody has: error 2 in the receive phase") {
  for (const l4::ThreadId id : nobody) {
    context("id", id.raw);
    expect_failed(receive(id).tag, receive_no_partner);
  }
  expect_failed(receive(wrong_version()).tag, receive_no_partner);
}

TEST("the same from another space, where the local ids of the root task mean nothing") {
  const l4::ThreadId task = spawn_task([](Word) {
    for (const l4::ThreadId id : nobody) {
      context("id", id.raw);
      expect_failed(send(id, 1), send_no_partner);
      expect_failed(call(id, 1).tag, send_no_partner);
      expect_failed(receive(id).tag, receive_no_partner);
    }
    // The slot of the test's own thread in the root task's space.
    const l4::ThreadId local(utcb_at(slot_of(test_thread).utcb) + 0x200);
    expect_failed(send(local, 1), send_no_partner);
  });
  expect(finishes(task));
}

TEST("send phase done, then receive from nobody: error 2 in the receive phase, the message has arrived") {
  static Waiter w;
  w = {};
  const l4::ThreadId waiter = spawn(wait_once, address_of(w));
  require(becomes(waiter, L4_SCHEDRESULT_WAITING));
  l4::Words m(l4::Tag::make(7, 1), 99);
  l4::ipc_words(waiter, nobody[0], {never}, m);
  expect_failed(m.tag(), receive_no_partner);
  expect(finishes(waiter));
  expect_eq(w.tag, l4::Tag::make(7, 1).raw);
  expect_eq(w.word, 99u);
}

TEST("an inactive thread is a partner: a send to it waits") {
  Slot& slot = take_slot();
  const l4::ThreadId me = l4::ThreadId::self();
  expect_eq(thread_control(slot.id, me, me, l4::ThreadId::nil()), 0u);
  expect_failed(send(slot.id, 1, send_zero), send_timeout);
  expect_failed(send(slot.id, 1, timeouts(200, 0)), send_timeout);
  expect_failed(receive(slot.id, receive_zero).tag, receive_timeout);
}

TEST("send to oneself: never ready") {
  const l4::ThreadId me = l4::ThreadId::self(), local = L4_MyLocalId();
  for (const l4::ThreadId id : {me, local}) {
    expect_failed(send(id, 1, send_zero), send_timeout);
    expect_failed(call(id, 1, send_zero).tag, send_timeout);
    expect_failed(send(id, 1, timeouts(300, 0)), send_timeout);
    expect_failed(call(id, 1, timeouts(300, 300)).tag, send_timeout);
    expect_failed(receive(id, receive_zero).tag, receive_timeout);
  }
}

TEST("malformed messages: error 4 in the send phase, the receiver keeps waiting") {
  struct Bad {
    const char* what;
    unsigned u, t;
    Word item;
  };
  const Bad bad[] = {
      {"u + t = 64", 1, 63, 8},
      {"u + t = 126", 63, 63, 8},
      {"u = 63, t = 1", 63, 1, 8},
      {"half a map item", 0, 1, 8},
      {"half a map item behind words", 5, 1, 8},
      {"three words of map items", 2, 3, 8},
      {"unknown type 6", 0, 2, 0xc},
      {"unknown type 7", 0, 2, 0xe},
      {"a string cut off", 0, 1, 0},
      {"a string of many pointers cut off", 0, 5, 31 << 4},
      {"a string that goes on behind the message", 0, 2, 1 << 9},
      {"unknown type at the end of the registers", 5, 2, 0xc},
  };
  for (const Places places : all_places) {
    static Waiter w;
    w = {};
    const Pair pair = make_pair(places);
    start(pair.server, wait_once, address_of(w), runner);
    require(becomes(pair.server, L4_SCHEDRESULT_WAITING));
    static l4::ThreadId target;
    static const Bad* row;
    target = pair.server;
    for (const Bad& b : bad) {
      context(b.what, static_cast<Word>(places));
      row = &b;
      start(
          pair.client,
          [](Word) {
            for (int i = 0; i < 64; ++i) L4_LoadMR(i, 0);
            for (unsigned i = row->u + 1; i < 64; i += 2) {
              L4_LoadMR(static_cast<int>(i), row->item);
              if (i + 1 < 64) L4_LoadMR(static_cast<int>(i + 1), 0xc7);
            }
            L4_LoadMR(0, l4::Tag::make(0x33, row->u, row->t).raw);
            const L4_MsgTag_t tag = L4_Call(target);
            expect_eq(tag.raw, l4::Tag::make(0x33, row->u, row->t).raw | 0x8000);
            expect_failed({tag.raw}, send_overflow);
          },
          0, runner);
      require(finishes(pair.client), "sender is done");
      expect_eq(state_of(pair.server), Word{L4_SCHEDRESULT_WAITING});
      expect_eq(w.tag, 0u);
      slot_of(pair.client).finished = false;
    }
    send(pair.server, 1);
    expect(finishes(pair.server));
    end_thread(pair.client);
    end_thread(pair.server);
  }
}

TEST("a malformed message to a receiver that is not ready fails as well, and is not queued") {
  const l4::ThreadId idle = make_thread();
  l4::Words m(l4::Tag::make(1, 60, 20));
  l4::send_words(idle, m);
  expect_failed(m.tag(), send_overflow);
}

TEST("items to a receiver that takes none: error 4 for both, the words arrive") {
  for (const Places places : all_places) {
    context("places", static_cast<Word>(places));
    static Waiter w;
    static l4::ThreadId target;
    w = {};
    w.acceptor = 0;
    const Pair pair = make_pair(places);
    target = pair.server;
    start(pair.server, wait_once, address_of(w), runner);
    require(becomes(pair.server, L4_SCHEDRESULT_WAITING));
    start(
        pair.client,
        [](Word) {
          l4::Words m(l4::Tag::make(0x44, 1, 2), 4711, 8,
                      l4::Fpage::page(address_of(w), l4::full_access).raw);
          l4::send_words(target, m);
          expect_failed(m.tag(), send_overflow);
        },
        0, runner);
    expect(finishes(pair.client));
    expect(finishes(pair.server));
    expect_eq(w.tag, l4::Tag::make(0x44, 1, 2).raw | 0x8000);
    expect_eq(w.error, receive_overflow);
    expect_eq(w.word, 4711u);
    end_thread(pair.client);
    end_thread(pair.server);
  }
}

TEST("propagation: in the name of a thread of the sender's space") {
  static Waiter w;
  static l4::ThreadId target, virtual_sender;
  w = {};
  target = spawn_task(wait_once, address_of(w));
  require(becomes(target, L4_SCHEDRESULT_WAITING));
  virtual_sender = make_thread();
  L4_Set_VirtualSender(virtual_sender);
  l4::Words m(l4::Tag{l4::Tag::make(9, 0).raw | 1 << 12});
  expect_ok(l4::send_words(target, m));
  expect(finishes(target));
  expect_eq(w.tag, l4::Tag::make(9, 0).raw | 1 << 12);
  expect_eq(w.from, virtual_sender.raw);
  expect_eq(w.actual, l4::ThreadId::self().raw);
}

TEST("propagation: to a partner of one's own space, in anybody's name, also by a local id") {
  static Waiter w;
  w = {};
  const l4::ThreadId target = spawn(wait_once, address_of(w));
  require(becomes(target, L4_SCHEDRESULT_WAITING));
  const l4::ThreadId foreign = make_task();
  L4_Set_VirtualSender(foreign);
  l4::Words m(l4::Tag{l4::Tag::make(9, 0).raw | 1 << 12});
  expect_ok(l4::send_words(target, m));
  expect(finishes(target));
  expect_eq(w.from, foreign.raw);
  expect_eq(w.actual, l4::ThreadId::self().raw);

  static Waiter again;
  again = {};
  const l4::ThreadId other = spawn(wait_once, address_of(again)), third = make_thread();
  require(becomes(other, L4_SCHEDRESULT_WAITING));
  const l4::ThreadId local(utcb_at(slot_of(third).utcb) + 0x200);
  L4_Set_VirtualSender(local);
  m = l4::Words(l4::Tag{l4::Tag::make(9, 0).raw | 1 << 12});
  expect_ok(l4::send_words(other, m));
  expect(finishes(other));
  expect_eq(again.from, local.raw);
}

TEST("propagation in the name of a stranger, or of nobody: the plain id, no bit") {
  static Waiter w;
  static l4::ThreadId target, stranger;
  stranger = make_thread();
  for (const l4::ThreadId name : {stranger, nobody[0], l4::ThreadId::nil(), l4::ThreadId::any()}) {
    context("virtual sender", name.raw);
    static l4::ThreadId virtual_sender;
    virtual_sender = name;
    w = {};
    target = spawn_task(wait_once, address_of(w));
    require(becomes(target, L4_SCHEDRESULT_WAITING));
    const l4::ThreadId sender = spawn_task([](Word) {
      L4_Set_VirtualSender(virtual_sender);
      l4::Words m(l4::Tag{l4::Tag::make(9, 0).raw | 1 << 12});
      expect_ok(l4::send_words(target, m));
    });
    expect(finishes(target));
    expect_eq(w.tag, l4::Tag::make(9, 0).raw);
    expect_eq(w.from, sender.raw);
    end_thread(sender);
    end_thread(target);
  }
}

TEST("propagation moves a wait of the virtual sender to the receiver") {
  // client calls me; I hand the call on to `worker`, who answers the client.
  static l4::ThreadId me, client, worker;
  static volatile Word answer;
  me = l4::ThreadId::self();
  answer = 0;
  worker = spawn_task([](Word) {
    const Received r = receive();
    expect_eq(r.from, client);
    expect_ok(send(client, 61, send_zero));
  });
  require(becomes(worker, L4_SCHEDRESULT_WAITING));
  client = spawn([](Word) {
    const Received r = call(me, 60);
    expect_eq(r.from, worker);
    answer = static_cast<Word>(r.tag.label());
  });
  expect_eq(receive(client).tag.label(), 60);
  require(becomes(client, L4_SCHEDRESULT_WAITING));
  L4_Set_VirtualSender(client);
  l4::Words m(l4::Tag{l4::Tag::make(60, 0).raw | 1 << 12});
  expect_ok(l4::send_words(worker, m));
  expect(finishes(client));
  expect_eq(answer, 61u);
}

TEST("a closed wait admits its partner in another's name, and the other for whom it waits") {
  static Waiter w;
  const l4::ThreadId name = make_thread();
  for (const bool waits_for_name : {false, true}) {
    w = {};
    w.wait_for = waits_for_name ? name : l4::ThreadId::self();
    const l4::ThreadId target = spawn_task(wait_once, address_of(w));
    require(becomes(target, L4_SCHEDRESULT_WAITING));
    L4_Set_VirtualSender(name);
    l4::Words m(l4::Tag{l4::Tag::make(9, 0).raw | 1 << 12});
    expect_ok(l4::send_words(target, m, {send_zero}));
    expect(finishes(target));
    expect_eq(w.from, name.raw);
    end_thread(target);
  }
}

TEST("redirector: every message out of the space goes to it, with bit r and the intended receiver") {
  static Waiter w;
  static l4::ThreadId target;
  target = make_task();
  w = {};
  const l4::ThreadId redirector = spawn(wait_once, address_of(w));
  require(becomes(redirector, L4_SCHEDRESULT_WAITING));
  const l4::ThreadId task = make_task();
  expect_eq(space_control(task, kip_area, utcb_area, redirector), 0u);
  start(
      task, [](Word) { expect_ok(send(target, 70)); }, 0, runner);
  expect(finishes(task));
  expect(finishes(redirector));
  expect_eq(w.tag, l4::Tag::make(70, 0).raw | 1 << 13);
  expect_eq(w.from, task.raw);
  expect_eq(w.intended, target.raw);

  // To the redirector's own space directly, and inside the space.
  static Waiter direct, inside;
  static l4::ThreadId direct_id, inside_id;
  direct = {};
  inside = {};
  direct_id = spawn(wait_once, address_of(direct));
  inside_id = spawn_sibling(task, wait_once, address_of(inside));
  require(becomes(direct_id, L4_SCHEDRESULT_WAITING) && becomes(inside_id, L4_SCHEDRESULT_WAITING));
  slot_of(task).finished = false;
  start(
      task,
      [](Word) {
        expect_ok(send(direct_id, 71));
        expect_ok(send(inside_id, 72));
      },
      0, runner);
  expect(finishes(task));
  expect(finishes(direct_id) && finishes(inside_id));
  expect_eq(direct.tag, l4::Tag::make(71, 0).raw);
  expect_eq(inside.tag, l4::Tag::make(72, 0).raw);
}

TEST("redirector anylocalthread keeps the space inside; a dead one is error 2; anythread frees it") {
  static l4::ThreadId target, sibling;
  static Waiter w, s;
  w = {};
  s = {};
  const l4::ThreadId task = make_task(), redirector = make_thread();
  target = spawn_task(wait_once, address_of(w));
  sibling = spawn_sibling(task, wait_once, address_of(s));
  require(becomes(target, L4_SCHEDRESULT_WAITING) && becomes(sibling, L4_SCHEDRESULT_WAITING));
  const auto run = [&](Body body) {
    slot_of(task).finished = false;
    start(task, body, 0, runner);
    require(finishes(task));
  };
  run([](Word) { touch_program(); });  // its faults could not leave the space afterwards
  expect_eq(space_control(task, kip_area, utcb_area, l4::ThreadId::any_local()), 0u);
  run([](Word) {
    expect_failed(send(target, 1), send_no_partner);
    expect_failed(call(target, 1).tag, send_no_partner);
    expect_ok(send(sibling, 73));
  });
  expect(finishes(sibling));
  expect_eq(space_control(task, kip_area, utcb_area, redirector), 0u);
  end_thread(redirector);
  run([](Word) { expect_failed(send(target, 1), send_no_partner); });
  // nil leaves it as it is.
  expect_eq(space_control(task, kip_area, utcb_area, l4::ThreadId::nil()), 0u);
  run([](Word) { expect_failed(send(target, 1), send_no_partner); });
  expect_eq(space_control(task, kip_area, utcb_area, l4::ThreadId::any()), 0u);
  run([](Word) { expect_ok(send(target, 74)); });
  expect(finishes(target));
  expect_eq(w.tag, l4::Tag::make(74, 0).raw);
}

// A thread names its pager itself, in its UTCB.
TEST("redirector: a fault reaches nobody whom a message could not reach") {
  static Waiter outside, w;
  static l4::ThreadId target;
  const Body fault = [](Word) {
    L4_Set_Pager(target);
    [[maybe_unused]] const Word read = object_at<volatile Word>(0x7100'0000);
  };
  outside = {};
  target = spawn_task(wait_once, address_of(outside));
  require(becomes(target, L4_SCHEDRESULT_WAITING));
  const auto confined_task = [&](l4::ThreadId redirector) {
    const l4::ThreadId task = make_task();
    start(task, [](Word) { touch_program(); }, 0, runner);
    require(finishes(task));
    expect_eq(space_control(task, kip_area, utcb_area, redirector), 0u);
    slot_of(task).finished = false;
    start(task, fault, 0, runner);
    return task;
  };

  expect(becomes(confined_task(l4::ThreadId::any_local()), L4_SCHEDRESULT_INACTIVE), "it is not halted");

  w = {};
  const l4::ThreadId redirector = spawn(wait_once, address_of(w));
  require(becomes(redirector, L4_SCHEDRESULT_WAITING));
  const l4::ThreadId task = confined_task(redirector);
  expect(finishes(redirector));
  expect_eq(w.tag, l4::Tag::make(-2 * 16 + 4, 2).raw | 1 << 13);
  expect_eq(w.from, task.raw);
  expect_eq(w.word, 0x7100'0000u);
  expect_eq(w.intended, target.raw);
  expect_eq(state_of(target), Word{L4_SCHEDRESULT_WAITING});
}
