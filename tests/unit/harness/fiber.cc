// SPDX-License-Identifier: MIT
#include "fiber.h"

#include <runtime/fcontext.h>

#include <utility>

namespace mica::test {

using namespace fcontext;

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)), memory_(std::make_unique_for_overwrite<std::byte[]>(stack_size)) {
  own_ = {memory_.get(), stack_size};
  context_ = make_fcontext(memory_.get() + stack_size, stack_size, &Fiber::enter);
}

Fiber::~Fiber() {
  if (!started_ || finished_) return;
  killed_ = true;
  switch_to(false, main_, own_);
}

void Fiber::switch_to(bool ending, Stack& from, const Stack& to) {
  announce_switch(ending ? nullptr : &from.fake, to.low, to.size);
  const Transfer back = jump_fcontext(context_, this);
  context_ = back.context;
  announce_arrival(from.fake, nullptr, nullptr);
}

void Fiber::enter(Transfer transfer) {
  Fiber& self = *static_cast<Fiber*>(transfer.data);
  self.context_ = transfer.context;
  announce_arrival(nullptr, &self.main_.low, &self.main_.size);
  try {
    self.body_();
  } catch (const Killed&) {
  } catch (...) {
    self.thrown_ = std::current_exception();
  }
  self.finished_ = true;
  self.switch_to(true, self.own_, self.main_);
}

void Fiber::resume() {
  started_ = true;
  switch_to(false, main_, own_);
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void Fiber::suspend() {
  switch_to(false, own_, main_);
  if (killed_) throw Killed{};
}

}  // namespace mica::test
