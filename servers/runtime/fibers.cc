// SPDX-License-Identifier: MIT
#include "fibers.h"

#include "fcontext.h"
#include "program.h"

namespace runtime {

using namespace fcontext;

bool Fibers::add_stack(std::span<std::byte> stack) {
  if (count_ == most || stack.size() < 2048) return false;
  new (stack.data()) Word(canary);
  fibers_[count_++].stack = stack;
  return true;
}

Fibers::Fiber* Fibers::free_fiber() {
  if (running_ != nullptr) return nullptr;  // only the loop starts fibers
  for (unsigned i = 0; i < count_; ++i) {
    if (fibers_[i].state == State::free) return &fibers_[i];
  }
  return nullptr;
}

// The fiber that has been in the state for longest.
Fibers::Fiber* Fibers::oldest(State state, const Event* event) {
  Fiber* found = nullptr;
  for (unsigned i = 0; i < count_; ++i) {
    Fiber& fiber = fibers_[i];
    if (fiber.state != state || (event != nullptr && fiber.event != event)) continue;
    if (found == nullptr || fiber.turn < found->turn) found = &fiber;
  }
  return found;
}

void Fibers::start(Fiber& fiber, void* record, void (*body)(void*)) {
  started_ = {body, record};
  const auto size = static_cast<std::size_t>(static_cast<std::byte*>(record) - fiber.stack.data());
  fiber.context = make_fcontext(record, size, enter);
  fiber.fake_stack = nullptr;
  ++live_;
  resume(fiber);
}

void Fibers::enter(Transfer transfer) {
  auto& self = *static_cast<Fibers*>(transfer.data);
  self.loop_ = transfer.context;
  announce_arrival(nullptr, &self.loop_stack_.low, &self.loop_stack_.size);
  self.started_.function(self.started_.argument);
  self.running_->state = State::free;
  --self.live_;
  announce_switch(nullptr, self.loop_stack_.low, self.loop_stack_.size);
  jump_fcontext(self.loop_, nullptr);
}

// From the loop to the fiber, until it waits or ends.
void Fibers::resume(Fiber& fiber) {
  running_ = &fiber;
  fiber.state = State::running;
  announce_switch(&loop_stack_.fake, fiber.stack.data(), fiber.stack.size());
  fiber.context = jump_fcontext(fiber.context, this).context;
  announce_arrival(loop_stack_.fake, nullptr, nullptr);
  running_ = nullptr;
  if (*reinterpret_cast<const Word*>(fiber.stack.data()) != canary) panic("a fiber has used up its stack");
  if (fiber.state == State::waits_for_worker) give_work();
}

void Fibers::suspend(State state) {
  Fiber& self = *running_;
  self.state = state;
  self.turn = ++turns_;
  announce_switch(&self.fake_stack, loop_stack_.low, loop_stack_.size);
  loop_ = jump_fcontext(loop_, nullptr).context;
  announce_arrival(self.fake_stack, nullptr, nullptr);
}

void Fibers::sleep(Word microseconds) {
  Event nothing;
  (void)wait(nothing, microseconds);
}

bool Fibers::wait(Event& event, Word microseconds) {
  if (event.raised_) {
    event.raised_ = false;
    return true;
  }
  Fiber& self = *running_;
  const Word now = microseconds == never ? 0 : L4_SystemClock().raw;
  self.deadline = microseconds < never - now ? now + microseconds : never;
  self.event = &event;
  self.in_time = true;
  suspend(State::waits_for_event);
  self.deadline = never;
  return self.in_time;
}

void Fibers::signal(Event& event) {
  Fiber* const fiber = oldest(State::waits_for_event, &event);
  if (fiber == nullptr) event.raised_ = true;
  else fiber->state = State::ready;
}

// Runs whatever can run, and says when the next one has waited long enough.
l4::Timeouts Fibers::next_timeout() {
  while (live_ != 0) {
    Word first = never;
    for (unsigned i = 0; i < count_; ++i) {
      if (fibers_[i].state == State::waits_for_event && fibers_[i].deadline < first) first = fibers_[i].deadline;
    }
    const Word now = first == never ? 0 : L4_SystemClock().raw;
    for (unsigned i = 0; i < count_; ++i) {
      Fiber& fiber = fibers_[i];
      if (fiber.state != State::waits_for_event || fiber.deadline > now) continue;
      fiber.in_time = false;
      fiber.state = State::ready;
    }
    Fiber* const next = oldest(State::ready, nullptr);
    if (next != nullptr) {
      resume(*next);
      continue;
    }
    if (first == never) return l4::Timeouts::reply();
    return l4::Timeouts{l4::Timeouts::reply().raw | L4_TimePeriod(first - now).raw};
  }
  return l4::Timeouts::reply();
}

// A worker has done its work, if it had any, and waits for more.
bool Fibers::message(l4::ThreadId from, l4::Words& m) {
  if (!from.is_local() || m.tag() != l4::Tag::make(work_label, 1)) return false;
  for (unsigned i = 0; i < count_; ++i) {
    Fiber& fiber = fibers_[i];
    if (fiber.state == State::waits_for_work && reinterpret_cast<Word>(&fiber.job) == m[1]) fiber.state = State::ready;
  }
  if (idle_count_ < most_workers) idle_[idle_count_++] = from;
  give_work();
  return false;  // there is no answer but work
}

void Fibers::give_work() {
  while (idle_count_ > 0) {
    Fiber* const fiber = oldest(State::waits_for_worker, nullptr);
    if (fiber == nullptr) return;
    l4::Words m(l4::Tag::make(work_label, 1), reinterpret_cast<Word>(&fiber->job));
    if (l4::send_words(idle_[--idle_count_], m, l4::Timeouts::reply()).ok()) fiber->state = State::waits_for_work;
  }
}

void Fibers::work(Word server) {
  l4::Words m(l4::Tag::make(work_label, 1), Word{0});
  for (;;) {
    l4::call_words(l4::ThreadId(server), m);
    if (m.tag() == l4::Tag::make(work_label, 1)) {
      const Job& job = *reinterpret_cast<const Job*>(m[1]);
      job.function(job.argument);
    } else {
      m[1] = 0;
    }
    const Word done = m[1];
    m = l4::Words(l4::Tag::make(work_label, 1), done);
  }
}

}  // namespace runtime

#if !__STDC_HOSTED__
// Where a context whose function returns would go. None of these does.
extern "C" [[noreturn]] void _exit(int code);
extern "C" void _exit(int code) { runtime::exit(code); }
#endif
