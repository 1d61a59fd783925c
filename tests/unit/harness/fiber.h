// SPDX-License-Identifier: MIT
// A user thread's stack on the host: Boost.Context under two operations.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace fcontext {
struct Transfer;
}

namespace mica::test {

class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  // Unwinds what the body was doing.
  ~Fiber();

  // From the main stack: runs the body until it suspends itself or ends. What it
  // throws, a failed REQUIRE for instance, arrives here.
  void resume();
  // From the body: back to the caller of resume().
  void suspend();
  bool finished() const { return finished_; }

 private:
  struct Killed {};
  struct Stack {  // as the sanitizer wants to know it
    const void* low = nullptr;
    std::size_t size = 0;
    void* fake = nullptr;
  };
  static constexpr std::size_t stack_size = std::size_t{256} << 10;

  static void enter(fcontext::Transfer transfer);
  void switch_to(bool ending, Stack& from, const Stack& to);

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> memory_;
  Stack main_, own_;
  void* context_ = nullptr;  // of the side that does not run
  std::exception_ptr thrown_;
  bool killed_ = false, started_ = false, finished_ = false;
};

}  // namespace mica::test
