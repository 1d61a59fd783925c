// SPDX-License-Identifier: MIT
#include "threads.h"

#include "task.h"

namespace runtime {

mica::Result<l4::ThreadId> start_task_thread(void (*entry)(l4::Word), l4::Word argument,
                                             std::span<std::byte> stack) {
  const auto thread = mica::call<mica::Root::create_thread>(mica::root_server(), mica::root_server());
  if (!thread) return thread;
  const auto started = mica::call<mica::Root::start_thread>(
      mica::root_server(), thread->number() % mica::threads_per_task, thread_entry_ip(),
      stack_for(entry, argument, stack));
  if (!started) return started.error();
  return thread;
}

}  // namespace runtime
