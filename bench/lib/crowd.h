// SPDX-License-Identifier: MIT
// Thousands of threads in one space, for benchmarks that run as root task. Like all
// threads of world.h they run the same program on the same memory.
#pragma once

#include <runtime/task.h>
#include <l4/l4.hpp>

namespace bench {

class Crowd {
 public:
  static constexpr unsigned most = 16'384;

  // Makes the space and `size` active threads, which wait for start(). Panics if the
  // kernel refuses.
  void make(unsigned size);
  // Lets all of them run `entry`, with their number as argument, at a priority.
  void start(runtime::ThreadEntry entry, l4::Word priority);
  // Ends all of them and, with the last one, the space.
  void end();

  unsigned size() const { return size_; }
  l4::ThreadId operator[](unsigned i) const { return l4::ThreadId::global(first_.number() + i, 1); }

 private:
  l4::ThreadId first_;
  unsigned size_ = 0;
};

}  // namespace bench
