// SPDX-License-Identifier: MIT
#include "partners.h"

#include <runtime/program.h>

#include "../lib/world.h"

namespace bench {

namespace {

using l4::ThreadId;
using l4::Word;

alignas(16) constinit std::byte stacks[Partners::most][1024] = {};

void let_others_run() { L4_Sleep(L4_TimePeriod(50)); }

void wait_until(ThreadId thread, Word state) {
  Word old_time;
  while (L4_Schedule(thread, ~Word{0}, ~Word{0}, ~Word{0}, ~Word{0}, &old_time) != state) let_others_run();
}

}  // namespace

Partners::~Partners() {
  for (; count_ > 0; --count_) {
    if (!runtime::delete_thread(threads_[count_ - 1])) runtime::panic("a partner cannot be deleted");
  }
}

ThreadId Partners::add(ThreadId id) {
  threads_[count_++] = id;
  return id;
}

ThreadId Partners::here(runtime::ThreadEntry entry, Word argument) {
  if (count_ == most) runtime::panic("too many partners");
  const auto id = runtime::start_thread(entry, argument, stacks[count_]);
  if (!id) runtime::panic("no partner");
  return add(*id);
}

ThreadId Partners::in_space(runtime::ThreadEntry entry, Word argument) {
  if (count_ == most) runtime::panic("too many partners");
  const auto id = try_start_in_space(entry, argument, stacks[count_]);
  if (!id) runtime::panic("no space for a partner");
  last_space_ = *id;
  in_last_space_ = 1;
  return add(*id);
}

ThreadId Partners::in_last_space(runtime::ThreadEntry entry, Word argument) {
  if (in_last_space_ == 0 || count_ == most) runtime::panic("no place for a partner");
  const auto id = runtime::add_thread(last_space_, in_last_space_++, pager_thread_id());
  if (!id) runtime::panic("no second partner in a space");
  L4_Start_SpIp(*id, runtime::stack_for(entry, argument, stacks[count_]), runtime::thread_entry_ip());
  return add(*id);
}

void wait_until_sending(ThreadId thread) { wait_until(thread, L4_SCHEDRESULT_PENDING_SEND); }

void wait_until_receiving(ThreadId thread) {
  let_others_run();  // one that waits for its pager looks the same
  wait_until(thread, L4_SCHEDRESULT_WAITING);
}

}  // namespace bench
