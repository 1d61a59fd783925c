// SPDX-License-Identifier: MIT
#include "fiber.h"

#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace mica::test {

// As Boost.Context's library declares them.
struct Transfer {
  void* context;
  void* data;
};
extern "C" Transfer jump_fcontext(void* to, void* data);
extern "C" void* make_fcontext(void* stack_top, std::size_t size, void (*entry)(Transfer));

namespace {

void announce_switch(void** fake, const void* low, std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(fake, low, size);
#else
  static_cast<void>(fake), static_cast<void>(low), static_cast<void>(size);
#endif
}

void announce_arrival(void* fake, const void** low, std::size_t* size) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, low, size);
#else
  static_cast<void>(fake), static_cast<void>(low), static_cast<void>(size);
#endif
}

}  // namespace

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
