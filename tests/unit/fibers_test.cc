// SPDX-License-Identifier: MIT
// Fibers under a server's loop: what waits, goes on, and answers, and in which order.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <servers/runtime/fibers.h>
#include <servers/runtime/program.h>

#include "harness/partner.h"

// What ends a program ends the test here.
void runtime::panic(std::string_view what) { throw std::runtime_error(std::string(what)); }

using mica::Error;
using mica::Result;
using mica::Word;
using mica::test::Ipc;

namespace {

struct Waiting {
  static constexpr long id = 0x301;
  using now = mica::Operation<Waiting, 0, Word(Word)>;
  using after = mica::Operation<Waiting, 1, Word(Word microseconds)>;
  using ask = mica::Operation<Waiting, 2, Word(Word)>;
  using next = mica::Operation<Waiting, 3, Word(Word patience)>;
  using ring = mica::Operation<Waiting, 4, void()>;
  using deep = mica::Operation<Waiting, 5, Word(Word)>;
  using Operations = mica::Operations<now, after, ask, next, ring, deep>;
};

const l4::ThreadId other = l4::ThreadId::global(200, 3);

struct Server : runtime::Fibers {
  using Interface = Waiting;
  using Client = mica::Client<>;
  static constexpr bool admits_all = true;

  explicit Server(unsigned stacks) {
    for (unsigned i = 0; i < stacks; ++i) CHECK(add_stack({memory.get() + i * stack_bytes, stack_bytes}));
  }

  Result<Word> handle(Waiting::now, Client& client, Word n) {
    return run<Waiting::now>(client.thread, [n]() -> Result<Word> { return n + 1; });
  }
  Result<Word> handle(Waiting::after, Client& client, Word microseconds) {
    return run<Waiting::after>(client.thread, [this, microseconds]() -> Result<Word> {
      sleep(microseconds);
      return microseconds;
    });
  }
  Result<Word> handle(Waiting::ask, Client& client, Word n) {
    return run<Waiting::ask>(client.thread, [this, n]() -> Result<Word> {
      return elsewhere([&] { return mica::call<Waiting::now>(other, n); });
    });
  }
  Result<Word> handle(Waiting::next, Client& client, Word patience) {
    return run<Waiting::next>(client.thread, [this, patience]() -> Result<Word> {
      if (!wait(bell, patience)) return Error::busy;
      return ++rings;
    });
  }
  Result<void> handle(Waiting::ring, Client&) {
    signal(bell);
    return {};
  }
  Result<Word> handle(Waiting::deep, Client& client, Word n) {
    return run<Waiting::deep>(client.thread, [this, n]() -> Result<Word> {
      for (Word i = 0; i < n; ++i) memory[i] = std::byte{};  // as a stack that grows would
      return n;
    });
  }

  static constexpr std::size_t stack_bytes = 65536;
  std::unique_ptr<std::byte[]> memory{new std::byte[16 * stack_bytes]};
  runtime::Event bell;
  Word rings = 0;
};

// Plays the kernel: what the server receives next is the next step; `answers` has what it sent.
class World {
 public:
  explicit World(unsigned stacks) : server(stacks) {}

  struct Answer {
    Word client;
    Error error;
    Word value;
    bool operator==(const Answer&) const = default;
  };

  // A request of client n, which is a task of its own.
  template <typename Op, typename... W>
  void request(Word client, W... words) {
    steps_.push_back([=](Ipc& ipc) {
      ipc.answer(l4::Tag::make(Op::label(), sizeof...(W)), words...);
      ipc.sender = thread(client);
    });
  }
  // So many microseconds pass, and nothing comes.
  void pass(Word microseconds) {
    steps_.push_back([=](Ipc& ipc) {
      mica::test::system_clock() += microseconds;
      ipc.fail(L4_IpcTimeout, true);
    });
  }
  // Worker n starts, or has done what it was given; that takes no time.
  void worker(Word n) {
    steps_.push_back([=, this](Ipc& ipc) {
      const Word job = jobs_[n];
      jobs_[n] = 0;
      if (job != 0) {
        struct Job {
          void (*function)(void*);
          void* argument;
        };
        const Job work = *reinterpret_cast<const Job*>(job);
        work.function(work.argument);
      }
      ipc.answer(l4::Tag::make(0x103, 1), job);
      ipc.sender = local(n);
    });
  }
  bool has_work(Word n) { return jobs_[n] != 0; }
  void look(std::function<void()> f) {
    looks_[steps_.size()] = std::move(f);
  }

  void run() {
    mica::test::system_clock() = 1000;
    std::size_t done = 0;
    mica::test::run_program(
        [&](Ipc& ipc) {
          if (ipc.to == other) return ipc.answer(l4::Tag::make(0, 1), ipc.mr[1] * 2), true;  // a worker's call
          if (!ipc.to.is_nil()) take(ipc);
          if (ipc.from != l4::ThreadId::any()) return ipc.mr[0] &= ~Word{0x8000}, true;
          timeouts.push_back(ipc.timeouts.raw & 0xffff);
          if (looks_.contains(done)) looks_[done]();
          if (done == steps_.size()) return false;
          steps_[done++](ipc);
          return true;
        },
        [&] {
          loop_ = std::make_unique<mica::Loop<Server>>();
          loop_->run(server);
        });
  }

  Server server;
  std::vector<Answer> answers;
  std::vector<Word> timeouts;  // of each wait

 private:
  static l4::ThreadId thread(Word client) { return l4::ThreadId::global(1000 + 64 * client, 1); }
  static l4::ThreadId local(Word worker) { return l4::ThreadId(0xbf00'0000 + 0x400 * (worker + 1)); }

  void take(const Ipc& ipc) {
    if (ipc.to.is_local()) {
      jobs_[(ipc.to.raw - 0xbf00'0000) / 0x400 - 1] = ipc.mr[1];
      return;
    }
    const Word client = (ipc.to.number() - 1000) / 64;
    CHECK(ipc.to == thread(client));
    answers.push_back({client, static_cast<Error>(ipc.tag().label()), ipc.tag().untyped() == 1 ? ipc.mr[1] : 0});
  }

  std::vector<std::function<void(Ipc&)>> steps_;
  std::map<std::size_t, std::function<void()>> looks_;
  std::map<Word, Word> jobs_;
  std::unique_ptr<mica::Loop<Server>> loop_;
};

using Answers = std::vector<World::Answer>;

Word period(Word microseconds) { return L4_TimePeriod(microseconds).raw; }

}  // namespace

TEST_CASE("fibers: a handler that does not wait is answered by the loop") {
  World world(1);
  world.request<Waiting::now>(1, 5);
  world.request<Waiting::now>(2, 6);
  world.run();
  CHECK(world.answers == Answers{{1, Error::none, 6}, {2, Error::none, 7}});
  CHECK(world.server.live() == 0);
  CHECK(world.timeouts == std::vector<Word>{0, 0, 0});  // it waits for ever
}

TEST_CASE("fibers: some wait for a time, an event and another server, and others are served meanwhile") {
  World world(3);
  world.worker(0);
  world.request<Waiting::after>(1, 500);
  world.request<Waiting::next>(2, runtime::Fibers::never);
  world.request<Waiting::ask>(3, 21);
  world.look([&] {
    CHECK(world.answers.empty());
    CHECK(world.server.live() == 3);
    CHECK(world.has_work(0));
  });
  world.request<Waiting::ring>(4);
  world.pass(500);
  world.worker(0);
  world.run();
  CHECK(world.answers ==
        Answers{{2, Error::none, 1}, {4, Error::none, 0}, {1, Error::none, 500}, {3, Error::none, 42}});
  CHECK(world.server.live() == 0);
  CHECK(world.timeouts.back() == 0);
}

TEST_CASE("fibers: the loop waits until the first of them has waited long enough") {
  World world(3);
  world.request<Waiting::after>(1, 300);
  world.request<Waiting::after>(2, 100);
  world.request<Waiting::next>(3, 200);
  world.pass(100);
  world.pass(100);
  world.request<Waiting::ring>(4);  // too late for the third
  world.pass(100);
  world.run();
  CHECK(world.timeouts == std::vector<Word>{0, period(300), period(100), period(100), period(100), period(100), period(100), 0});
  CHECK(world.answers ==
        Answers{{2, Error::none, 100}, {3, Error::busy, 0}, {4, Error::none, 0}, {1, Error::none, 300}});
}

TEST_CASE("fibers: who waits longest for an event goes on first; one signal is kept for who comes") {
  World world(3);
  world.request<Waiting::ring>(9);
  world.request<Waiting::next>(1, runtime::Fibers::never);  // passes at once
  for (Word client = 2; client <= 4; ++client) world.request<Waiting::next>(client, runtime::Fibers::never);
  for (int i = 0; i < 3; ++i) world.request<Waiting::ring>(9);
  world.run();
  Answers of_waiters;
  for (const auto& answer : world.answers) {
    if (answer.client != 9) of_waiters.push_back(answer);
  }
  CHECK(of_waiters == Answers{{1, Error::none, 1}, {2, Error::none, 2}, {3, Error::none, 3}, {4, Error::none, 4}});
}

TEST_CASE("fibers: without a free stack a request is refused") {
  World world(2);
  world.request<Waiting::after>(1, 100);
  world.request<Waiting::after>(2, 200);
  world.request<Waiting::now>(3, 1);
  world.pass(100);
  world.request<Waiting::now>(3, 1);
  world.run();
  CHECK(world.answers == Answers{{3, Error::busy, 0}, {1, Error::none, 100}, {3, Error::none, 2}});
  Server none(0);
  CHECK_FALSE(none.add_stack({none.memory.get(), 2047}));
  for (unsigned i = 0; i < runtime::Fibers::most; ++i) CHECK(none.add_stack({none.memory.get(), 2048}));
  CHECK_FALSE(none.add_stack({none.memory.get(), 2048}));
}

TEST_CASE("fibers: calls of other servers go on as many at a time as there are workers, in turn") {
  World world(4);
  for (Word client = 1; client <= 3; ++client) world.request<Waiting::ask>(client, client);
  world.worker(0);
  world.look([&] { CHECK((world.has_work(0) && !world.has_work(1))); });
  world.worker(1);
  world.look([&] { CHECK((world.has_work(0) && world.has_work(1))); });
  world.worker(1);
  world.worker(0);
  world.look([&] { CHECK((!world.has_work(0) && world.has_work(1))); });
  world.worker(1);
  world.run();
  CHECK(world.answers == Answers{{2, Error::none, 4}, {1, Error::none, 2}, {3, Error::none, 6}});
}

TEST_CASE("fibers: work that nobody was given ends nobody's wait") {
  World world(1);
  world.request<Waiting::ask>(1, 1);
  world.worker(0);
  world.worker(1);
  world.run();
  CHECK(world.answers.empty());
  CHECK(world.server.live() == 1);
}

TEST_CASE("fibers: a stack that was too small is noticed") {
  World world(1);
  world.request<Waiting::deep>(1, 8);
  CHECK_THROWS_WITH(world.run(), "a fiber has used up its stack");
}

TEST_CASE("fibers: stacks are used again and again") {
  World world(4);
  for (Word i = 0; i < 300; ++i) {
    world.request<Waiting::after>(i % 7, i % 50);
    world.pass(25);
  }
  world.pass(50);
  world.run();
  CHECK(world.answers.size() == 300);
  CHECK(world.server.live() == 0);
}
