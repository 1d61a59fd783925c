// SPDX-License-Identifier: MIT
// Fibers for servers that must wait for several things: a handler that has to wait goes on later,
// on a stack of its own, while the server's loop takes other requests. All fibers and the loop
// are one thread, which changes from one to another only where a fiber waits, so they need no
// locks.
//
//   struct Lift : runtime::Fibers {
//     using Interface = Floors;
//     Result<Word> handle(Floors::go, mica::Client<>& client, Word floor) {
//       return run<Floors::go>(client.thread, [this, floor]() -> Result<Word> {
//         sleep(2'000'000);                                       // a time,
//         if (!wait(arrived_, 60'000'000)) return Error::device;  // an event, or
//         return elsewhere([&] { return mica::call<Doors::open>(doors, floor); });  // another server
//       });
//     }
//     void interrupt(l4::ThreadId) { signal(arrived_); }
//   };
//
// The answer of another server reaches only who waits for it, and the loop does not while it
// serves somebody. So what blocks is done by workers, threads of the task that do nothing else;
// as many such calls as workers go on at a time. Before it serves, the program gives the stacks
// and starts the workers:
//
//   lift.add_stack(memory);  // a static one, or of mica::new_memory(), with a guard page below
//   (void)runtime::start_task_thread(runtime::Fibers::work, l4::ThreadId::self().raw, stack);
//
// The switch is Boost.Context's. It saves the control words of the FPU, so that a server with
// fibers has FPU state, and messages to it and from it go by longer paths of the kernel.
#pragma once

#include <array>
#include <new>
#include <span>

#include <mica/server.h>

namespace fcontext {
struct Transfer;
}

namespace runtime {

using mica::Error;
using mica::Result;
using mica::Word;

// Something that fibers wait for. Signalled before anybody waits, it lets the next one pass.
class Event {
  friend class Fibers;
  bool raised_ = false;
};

class Fibers {
 public:
  static constexpr unsigned most = 16, most_workers = 16;
  static constexpr Word never = ~Word{0};

  constexpr Fibers() = default;
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // One more fiber can exist at a time. At least 2 KiB, which stay where they are; false: it is less,
  // or there are `most`.
  bool add_stack(std::span<std::byte> stack);

  // What a worker runs; the argument is the raw id of the thread that serves.
  static void work(Word server);

  // In a handler: runs the body, a function without arguments that gives the operation's Result,
  // on a fiber. If it does not wait that is the handler's, else the answer is sent later. Its captures have no
  // destructors. busy: no stack is free.
  template <typename Op, typename Body>
  Result<typename Op::Value> run(l4::ThreadId client, Body body);

  // In a fiber. Until so much time has passed.
  void sleep(Word microseconds);
  // In a fiber. False: the event was not signalled in time.
  bool wait(Event& event, Word microseconds = never);
  // Anywhere: the fiber that waits longest goes on, soon.
  void signal(Event& event);
  // In a fiber: the Result of f(), which a worker calls. It may block, and use what the fiber has.
  template <typename F>
  auto elsewhere(F f);

  // How many handlers have not answered yet.
  unsigned live() const { return live_; }

  // For the server's loop (mica/server.h), which finds them as its server's.
  l4::Timeouts next_timeout();
  void timeout() {}
  bool message(l4::ThreadId from, l4::Words& m);

 private:
  enum class State : std::uint8_t { free, ready, running, waits_for_event, waits_for_worker, waits_for_work };

  struct Job {
    void (*function)(void*) = nullptr;
    void* argument = nullptr;
  };

  struct Fiber {
    State state = State::free;
    bool in_time = true;
    std::span<std::byte> stack;
    void* context = nullptr;   // where it goes on
    void* fake_stack = nullptr;  // AddressSanitizer's
    const Event* event = nullptr;
    Word deadline = never;
    Word turn = 0;  // the lower, the longer it waits or is ready
    Job job;
  };

  static constexpr long work_label = 0x103;
  static constexpr Word canary = 0x5741'4954'494e'4721;

  static void enter(fcontext::Transfer transfer);
  Fiber* free_fiber();
  Fiber* oldest(State state, const Event* event);
  void start(Fiber& fiber, void* record, void (*body)(void*));
  void resume(Fiber& fiber);
  void suspend(State state);
  void give_work();

  std::array<Fiber, most> fibers_{};
  unsigned count_ = 0, live_ = 0;
  Fiber* running_ = nullptr;
  void* loop_ = nullptr;  // where the loop goes on
  Word turns_ = 0;
  Job started_;
  std::array<l4::ThreadId, most_workers> idle_{};
  unsigned idle_count_ = 0;
  struct LoopStack {  // of the thread, for AddressSanitizer
    const void* low = nullptr;
    std::size_t size = 0;
    void* fake = nullptr;
  } loop_stack_;
};

template <typename Op, typename Body>
Result<typename Op::Value> Fibers::run(l4::ThreadId client, Body body) {
  using Outcome = Result<typename Op::Value>;
  static_assert(std::is_trivially_destructible_v<Body>, "a fiber's record is not destroyed");
  struct Record {
    Body body;
    l4::ThreadId client;
    Outcome* outcome;  // null: the handler has returned
  };
  Fiber* const fiber = free_fiber();
  if (fiber == nullptr) return Error::busy;
  Outcome outcome = Outcome::later();
  const Word place = (reinterpret_cast<Word>(fiber->stack.data()) + fiber->stack.size() - sizeof(Record)) & ~Word{63};
  auto* const record = new (reinterpret_cast<void*>(place)) Record{body, client, &outcome};
  start(*fiber, record, [](void* argument) {
    auto* const self = static_cast<Record*>(argument);
    const Outcome result = self->body();
    if (self->outcome != nullptr) *self->outcome = result;
    else (void)mica::answer<Op>(self->client, result);
  });
  if (outcome.is_later()) record->outcome = nullptr;
  return outcome;
}

template <typename F>
auto Fibers::elsewhere(F f) {
  struct Call {
    F& function;
    decltype(f()) result;
  } call{f, Error::timeout};
  running_->job = {[](void* argument) {
                     auto* const self = static_cast<Call*>(argument);
                     self->result = self->function();
                   },
                   &call};
  suspend(State::waits_for_worker);
  return call.result;
}

}  // namespace runtime
