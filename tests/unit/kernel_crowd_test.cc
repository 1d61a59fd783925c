// SPDX-License-Identifier: MIT
// As many threads and spaces as the kernel promises, at once; and what the others cost
// the one that comes or goes.
#include <doctest/doctest.h>

#include "harness/parts.h"
#include "pool.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 threads = 16'384, spaces = 4'096, ms = 1000;

Machine::Options large() { return {.kernel_memory = u64{62} << 20, .fast_path = true, .check = false}; }

// The n-th thread of a crowd, the first ones in spaces of their own.
bool create(User& root, u64 n) {
  const ThreadId space = user_thread(n % spaces);
  return root.thread_control(user_thread(n), space, root.id(), ThreadId::nil());
}

}  // namespace

TEST_CASE("16,384 threads in 4,096 spaces, three times, and every frame comes back") {
  Machine machine(large());
  u64 rounds = 0;
  machine.boot([&](User& root) {
    REQUIRE(create(root, 0));
    REQUIRE(root.destroy(user_thread(0)));
    const u64 before = frame_store.free_frames();
    for (; rounds < 3; ++rounds) {
      for (u64 n = 0; n < threads; ++n) REQUIRE(create(root, n));
      CHECK(find_thread(user_thread(threads - 1))->space == find_thread(user_thread(spaces - 1))->space);
      CHECK(find_thread(user_thread(0))->space->thread_count == threads / spaces);
      CHECK(before - frame_store.free_frames() >= 2 * spaces + threads / 8);
      // Another order each time: the space goes with the last of its threads.
      for (u64 n = 0; n < threads; ++n)
        REQUIRE(root.destroy(user_thread(rounds == 1 ? threads - 1 - n : n)));
      CHECK(frame_store.free_frames() == before);
    }
  });
  machine.run();
  CHECK(rounds == 3);
}

TEST_CASE("a thousand spaces with areas and four active threads each, twice, and every frame comes back") {
  constexpr u64 count = 1000, members = 4;
  Machine machine(large());
  u64 rounds = 0;
  machine.boot([&](User& root) {
    REQUIRE(create(root, 0));
    REQUIRE(root.destroy(user_thread(0)));
    const u64 before = frame_store.free_frames();
    for (; rounds < 2; ++rounds) {
      for (u64 n = 0; n < count; ++n) {
        const ThreadId first = user_thread(n * members);
        REQUIRE(root.thread_control(first, first, root.id(), ThreadId::nil()));
        REQUIRE(root.space_control(first, task_kip_area, task_utcb_area, ThreadId::any()));
        REQUIRE(root.thread_control(first, first, ThreadId::nil(), root.id(), task_utcb_area.base()));
        for (u64 m = 1; m < members; ++m)
          REQUIRE(root.thread_control(user_thread(n * members + m), first, root.id(), root.id(),
                                      task_utcb_area.base() + m * utcb_size));
      }
      for (u64 n = 0; n < count * members; ++n) REQUIRE(root.destroy(user_thread(n)));
      CHECK(frame_store.free_frames() == before);
    }
  });
  machine.run();
  CHECK(rounds == 2);
}

TEST_CASE("a thread that nobody waited for ends in one step, however many others there are") {
  Machine machine(large());
  bool done = false, called = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(0), [](User& user) { user.receive(user.id()); }));
    for (u64 n = 1; n < 8000; ++n)
      REQUIRE(root.thread_control(user_thread(n), user_thread(0), root.id(), ThreadId::nil()));
    const auto steps_to_delete = [&](ThreadId id) {
      const u64 before = machine.windows;
      CHECK(root.destroy(id));
      return machine.windows - before;
    };
    // It was started, and told somebody so.
    REQUIRE(root.create_thread(user_thread(9000), root.id(), 1, [](User& user) { user.call(root_id); }));
    CHECK(root.receive(user_thread(9000)).ok());
    CHECK(steps_to_delete(user_thread(9000)) == 0);
    // The only one who waits for it is found, too.
    REQUIRE(root.create_task(user_thread(9001), [](User& user) { user.receive(user.id()); }));
    REQUIRE(root.create_thread(user_thread(9002), root.id(), 1, [&](User& user) {
      called = true;
      CHECK(user.receive(user_thread(9001)).error == 5);
      done = true;
      user.receive(user.id());
    }));
    pause(root);
    CHECK(called);
    CHECK(steps_to_delete(user_thread(9001)) <= 2);  // its space goes as well
    pause(root);
    CHECK(done);
    // A server that answers calls has to be looked for.
    done = false;
    REQUIRE(root.create_thread(user_thread(9003), root.id(), 2, [](User& user) {
      Received message = user.receive(ThreadId::any());
      for (;;) message = user.reply_wait(message.from);
    }));
    for (int i = 0; i < 3; ++i) CHECK(root.call(user_thread(9003)).ok());
    CHECK(steps_to_delete(user_thread(9003)) >= 8000 / 8 * 70 / 3000);
    // A redirector that is there already, or none where there was none, changes nobody.
    u64 before = machine.windows;
    CHECK(root.space_control(user_thread(0), task_kip_area, task_utcb_area, ThreadId::any()));
    CHECK(machine.windows == before);
    CHECK(root.space_control(user_thread(0), task_kip_area, task_utcb_area, ThreadId::any_local()));
    CHECK(machine.windows - before >= 8000 * 30 / 3000);
    before = machine.windows;
    CHECK(root.space_control(user_thread(0), task_kip_area, task_utcb_area, root.id()));
    CHECK(machine.windows == before);
    done = true;
  });
  machine.run();
  CHECK(done);
}
