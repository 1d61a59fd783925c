// SPDX-License-Identifier: MIT
// The smallest program: says who it is and ends. It runs as a task of the root
// server (./mica run) and, without a change, as a root task.
#include <runtime/program.h>

int main() {
  const l4::ThreadId self = l4::ThreadId::self(), pager = L4_Pager();
  runtime::print("hello: I am thread {} version {}, my pager is thread {}\n", self.number(), self.version(),
                 pager.number());
  runtime::print("hello: the kernel is {}, up for {} us\n", L4_KernelVersionString(nullptr),
                 L4_SystemClock().raw);
  return 0;
}
