// SPDX-License-Identifier: MIT
// Threads that ThreadControl moves to other spaces (manual, chapter 2.4).
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;
const ThreadId nil = ThreadId::nil();

struct Seen {
  volatile Word rounds = 0, local_id = 0, error = 0, handle = 0;
};
constinit Seen seen;

// Where the UTCB is now; compilers take l4_utcb() for a constant.
Word* utcb_now() {
  Word* utcb;
  __asm__ volatile("movq %%gs:0, %0" : "=r"(utcb) : : "memory");
  return utcb;
}

// Answers everybody, and says where it is.
void answer(Word) {
  L4_Set_UserDefinedHandle(0x4711);
  l4::Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    seen.rounds = seen.rounds + 1;
    seen.local_id = reinterpret_cast<Word>(utcb_now());
    seen.handle = utcb_now()[-13];
    m = l4::Words(l4::Tag::make(9, 0));
    from = l4::reply_and_wait_words(from, m);
    if (m.tag().failed()) {
      seen.error = utcb_now()[-9];
      from = l4::wait_words(m);
    }
  }
}

Word move(ThreadId id, ThreadId space, Word location = ~Word{0}) {
  return thread_control(id, space, nil, nil, location);
}

}  // namespace

TEST("an active thread moves, with its id, its control registers and its work") {
  seen.rounds = 0;
  seen.error = 0;
  const ThreadId task = make_task(), host = spawn_sibling(task, [](Word) { sleep_for_ever(); });
  (void)host;
  const ThreadId id = spawn_task(answer);
  expect_ok(call(id, 1, timeouts(1'000'000, 1'000'000)).tag);
  expect_eq(seen.rounds, 1u);
  expect_eq(move(id, task, utcb_at(7)), 0u);
  expect_ok(call(id, 1, timeouts(1'000'000, 1'000'000)).tag);
  expect_eq(seen.rounds, 2u);
  expect_eq(seen.local_id, utcb_at(7) + 0x200);
  expect_eq(seen.handle, 0x4711u);
  expect_eq(seen.error, Word{receive_cancelled});  // what it waited for
  // Back to where nobody is any more: that space has gone with it.
  slot_of(id).siblings = 1;
  end_thread(id);
  end_thread(host);
  end_thread(task);
}

TEST("moving: error 3 without such a space or without areas, 6 for a place that is taken or none, 2 for oneself") {
  const ThreadId task = make_task(), id = spawn_task([](Word) { sleep_for_ever(); });
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  expect_eq(move(id, ThreadId::global(5000, 1)), Word{L4_ErrInvalidSpace});
  Slot& bare = take_slot();
  expect_eq(thread_control(bare.id, bare.id, ThreadId::self(), nil), 0u);
  expect_eq(move(id, bare.id), Word{L4_ErrInvalidSpace});
  expect_eq(move(id, task), Word{L4_ErrUtcbArea});            // its old place is another one's there
  expect_eq(move(id, task, utcb_at(0)), Word{L4_ErrUtcbArea});
  expect_eq(move(id, task, 0x1000), Word{L4_ErrUtcbArea});
  expect_eq(move(id, task, utcb_at(1) + 8), Word{L4_ErrUtcbArea});
  expect_eq(move(ThreadId::self(), task, utcb_at(2)), Word{L4_ErrInvalidThread});
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});      // nothing has changed
  expect_eq(move(id, id, utcb_at(3)), Word{L4_ErrUtcbArea});  // staying, it keeps its place
  end_thread(bare.id);
  end_thread(id);
  end_thread(task);
}

TEST("an inactive thread moves without a place, and is activated there") {
  const ThreadId task = make_task();
  Slot& slot = take_slot();
  expect_eq(thread_control(slot.id, ThreadId::self(), ThreadId::self(), nil), 0u);
  expect_eq(move(slot.id, task), 0u);
  expect_eq(state_of(slot.id), Word{L4_SCHEDRESULT_INACTIVE});
  expect_eq(thread_control(slot.id, task, nil, runner, utcb_at(5)), 0u);
  static volatile Word ran;
  ran = 0;
  start(slot.id, [](Word) { ran = reinterpret_cast<Word>(l4_utcb()); }, 0, runner);
  expect(eventually([] { return ran != 0; }));
  expect_eq(ran, utcb_at(5) + 0x200);
  end_thread(slot.id);
  end_thread(task);
}

TEST("moving cancels a send, and runs on what was running") {
  static volatile Word error, count;
  error = 0;
  count = 0;
  const ThreadId task = make_task();
  const ThreadId sender = spawn_task([](Word) {
    const l4::Tag tag = send(test_thread, 3);
    error = tag.failed() ? L4_ErrorCode() : 1;
    for (;;) count = count + 1;
  });
  require(becomes(sender, L4_SCHEDRESULT_PENDING_SEND));
  expect_eq(move(sender, task, utcb_at(4)), 0u);
  expect(eventually([] { return error != 0; }));
  expect_eq(error, Word{send_cancelled});
  const ThreadId other = make_task();
  const Word before = count;
  expect_eq(move(sender, other, utcb_at(6)), 0u);
  expect(eventually([before] { return count > before; }));
  end_thread(sender);
  end_thread(other);
  end_thread(task);
}
