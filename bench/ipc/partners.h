// SPDX-License-Identifier: MIT
// The threads of one group of rows. They end with this object, and their stacks go to
// the next group's; so there is one of these at a time.
#pragma once

#include <runtime/task.h>
#include <l4/l4.hpp>

namespace bench {

class Partners {
 public:
  static constexpr unsigned most = 66;

  Partners() = default;
  Partners(const Partners&) = delete;
  Partners& operator=(const Partners&) = delete;
  ~Partners();

  // A thread in this space, in a new one, or in the one that was made last. Each panics if
  // the kernel refuses.
  l4::ThreadId here(runtime::ThreadEntry entry, l4::Word argument = 0);
  l4::ThreadId in_space(runtime::ThreadEntry entry, l4::Word argument = 0);
  l4::ThreadId in_last_space(runtime::ThreadEntry entry, l4::Word argument = 0);

 private:
  l4::ThreadId add(l4::ThreadId id);

  l4::ThreadId threads_[most];
  unsigned count_ = 0, in_last_space_ = 0;
  l4::ThreadId last_space_;
};

// Lets others run until the thread waits to send a message, or to receive one.
void wait_until_sending(l4::ThreadId thread);
void wait_until_receiving(l4::ThreadId thread);

}  // namespace bench
