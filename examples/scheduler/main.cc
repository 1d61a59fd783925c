// SPDX-License-Identifier: MIT
// A root task whose first thread is the scheduler of three others: it gives out the processor
// in slices of a millisecond, by tickets.
#include <l4/pagefault.h>
#include <runtime/program.h>
#include <runtime/task.h>

#include "stride.h"

namespace {

using l4::Word;
using runtime::print;

constexpr unsigned workers = 3;
constexpr Word slices = 70, slice_microseconds = 1000;

volatile Word work[workers];
alignas(16) std::byte stacks[workers][4096];

void worker(Word number) {
  for (;;) work[number] = work[number] + 1;
}

// Lets the thread run for one slice. Then it stops, and its scheduler gets a message from it.
void give_slice(l4::ThreadId thread) {
  if (L4_Set_Timeslice(thread, L4_Never, L4_TimePeriod(slice_microseconds)) == L4_SCHEDRESULT_ERROR) {
    runtime::panic("the kernel does not let me schedule");
  }
}

void wait_for_end_of_slice(l4::ThreadId thread) {
  l4::Words message;
  l4::ipc_words(l4::ThreadId::nil(), thread, l4::Timeouts::never(), message);
  if (message.tag().failed() || !L4_IsPreemption({.raw = message[0]}))
    runtime::panic("an unexpected message");
}

}  // namespace

int main() {
  scheduler::Stride<workers> stride;
  for (unsigned n = 0; n < workers; ++n) {
    const auto thread = runtime::start_thread(worker, n, stacks[n]);
    if (!thread) runtime::panic("the kernel makes no thread");
    stride.jobs[n] = {*thread, Word{1} << n};
    // The first quantum ends at once: from here on nobody runs but when told to.
    L4_Set_Timeslice(*thread, L4_Never, L4_TimePeriod(1));
    wait_for_end_of_slice(*thread);
    work[n] = 0;
  }

  for (Word n = 0; n < slices; ++n) {
    const l4::ThreadId thread = stride.next().thread;
    give_slice(thread);
    wait_for_end_of_slice(thread);
  }

  const Word all_work = work[0] + work[1] + work[2];
  for (unsigned n = 0; n < workers; ++n) {
    print("worker {}: {} tickets, {} slices, {} % of the work\n", n, stride.jobs[n].tickets,
          stride.jobs[n].slices, (work[n] * 100 + all_work / 2) / all_work);
  }
  return 0;
}
