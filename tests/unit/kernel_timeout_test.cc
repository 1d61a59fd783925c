// SPDX-License-Identifier: MIT
// The queue of timeouts by itself, with ten thousand threads, and through Ipc.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "harness/user.h"
#include "timeout.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 many = 10'000;

// Ranks, parents and order of a heap; how many there are.
u64 checked_size(const Thread* root) {
  u64 size = 0;
  std::vector<const Thread*> left{root};
  while (!left.empty()) {
    const Thread* const t = left.back();
    left.pop_back();
    if (!t) continue;
    ++size;
    u32 ranks[2] = {};
    for (unsigned i = 0; i < 2; ++i) {
      const Thread* const child = i == 0 ? t->heap_left : t->heap_right;
      left.push_back(child);
      if (!child) continue;
      REQUIRE(child->heap_parent == t);
      REQUIRE(child->wakes_at >= t->wakes_at);
      ranks[i] = child->heap_rank;
    }
    REQUIRE(ranks[0] >= ranks[1]);
    REQUIRE(t->heap_rank == ranks[1] + 1);
  }
  return size;
}

struct Threads {
  std::vector<Thread> all = std::vector<Thread>(many);
  Cpu cpu;
  Thread& operator[](u64 i) { return all[i]; }
};

}  // namespace

TEST_CASE("ten thousand timeouts come out in order") {
  const auto t = std::make_unique<Threads>();
  std::mt19937_64 random(1);
  std::vector<Ticks> times;
  for (u64 i = 0; i < many; ++i) {
    times.push_back(random() % 50'000);
    set_timeout(t->cpu, (*t)[i], times.back());
    CHECK(has_timeout((*t)[i]));
  }
  CHECK(checked_size(t->cpu.timeouts) == many);
  std::sort(times.begin(), times.end());
  for (const Ticks time : times) {
    REQUIRE(next_timeout(t->cpu) == time);
    cancel_timeout(t->cpu, *t->cpu.timeouts);
  }
  CHECK(next_timeout(t->cpu) == never);
}

TEST_CASE("ascending and descending orders keep the spines short") {
  for (const bool ascending : {false, true}) {
    const auto t = std::make_unique<Threads>();
    for (u64 i = 0; i < many; ++i) set_timeout(t->cpu, (*t)[i], ascending ? i : many - i);
    CHECK(checked_size(t->cpu.timeouts) == many);
    u64 spine = 0;
    for (const Thread* at = t->cpu.timeouts; at; at = at->heap_right) ++spine;
    CHECK(spine <= 14);
    for (u64 i = 0; i < many; ++i) cancel_timeout(t->cpu, (*t)[i]);
    CHECK(!t->cpu.timeouts);
  }
}

TEST_CASE("timeouts that are cancelled anywhere in the queue") {
  const auto t = std::make_unique<Threads>();
  std::mt19937_64 random(2);
  std::vector<u64> in, out;
  for (u64 i = 0; i < many; ++i) out.push_back(i);
  for (u64 step = 0; step < 3 * many; ++step) {
    std::vector<u64>& from = !out.empty() && (in.empty() || random() % 3 != 0) ? out : in;
    const u64 at = random() % from.size(), i = from[at];
    from[at] = from.back();
    from.pop_back();
    if (&from == &out) {
      set_timeout(t->cpu, (*t)[i], random() % 1000);
      in.push_back(i);
    } else {
      cancel_timeout(t->cpu, (*t)[i]);
      CHECK(!has_timeout((*t)[i]));
      out.push_back(i);
    }
    if (step % 1000 == 0) CHECK(checked_size(t->cpu.timeouts) == in.size());
  }
  for (const u64 i : in) cancel_timeout(t->cpu, (*t)[i]);
  for (const u64 i : out) cancel_timeout(t->cpu, (*t)[i]);  // not in: no harm
  CHECK(!t->cpu.timeouts);
}

TEST_CASE("threads wake in the order of their deadlines, on time") {
  Machine machine;
  std::vector<std::pair<u64, u64>> woken;  // thread, time
  const std::vector<u64> periods = {700, 20, 300, 300, 1000, 5};
  u64 start = 0;
  machine.boot([&](User& root) {
    for (u64 n = 0; n < periods.size(); ++n)
      REQUIRE(root.create_task(user_thread(n), [&, n](User& user) {
        user.receive(root_id);
        CHECK(user.receive(ThreadId::any(), timed(Time::period(periods[n]))).error == 3);
        woken.emplace_back(n, user.system_clock());
      }));
    start = root.system_clock();
    for (u64 n = 0; n < periods.size(); ++n) root.send(user_thread(n));
  });
  machine.run();
  REQUIRE(woken.size() == periods.size());
  const u64 order[] = {5, 1, 2, 3, 0, 4};
  for (u64 i = 0; i < woken.size(); ++i) {
    CHECK(woken[i].first == order[i]);
    CHECK(woken[i].second == start + periods[order[i]]);
  }
}

TEST_CASE("a timeout preempts a less urgent thread that never calls the kernel") {
  Machine machine;
  u64 woken_at = 0, start = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) { user.spend(10'000); }));
    start = root.system_clock();
    root.receive(ThreadId::any(), timed(Time::period(500)));
    woken_at = root.system_clock();
  });
  machine.run();
  CHECK(woken_at == start + 500);
}

TEST_CASE("a message in time takes the timeout away") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      CHECK(user.receive(ThreadId::any(), timed(Time::period(1000))).ok());
      CHECK(user.receive(ThreadId::any(), timed(Time::period(5000))).error == 3);
      CHECK(user.system_clock() == 5500);
      done = true;
    }));
    root.receive(root.id(), timed(Time::period(500)));
    root.send(user_thread(1));
  });
  machine.run();
  CHECK(done);
  CHECK(machine.cpu.timeouts == nullptr);
}
