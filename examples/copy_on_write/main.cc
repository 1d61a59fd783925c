// SPDX-License-Identifier: MIT
// A root task that gives two clients its own program, as fork does: each begins with all that
// the pager's memory says, and what it writes is its own.
//
// Owns: its memory, frames for copies, and the two spaces.
// Serves: the clients' page faults and their text for the console.
#include <l4/pagefault.h>
#include <runtime/console_protocol.h>
#include <runtime/program.h>
#include <runtime/task.h>

#include "copies.h"

extern "C" char program_start[], program_data[], program_end[];

namespace {

using copy_on_write::FrameStore;
using copy_on_write::View;
using l4::Word;
using runtime::print;

Word address_of(const char* symbol) { return reinterpret_cast<Word>(symbol); }

// --- The client, in its own space ----------------------------------------------------

volatile Word balance = 100;
alignas(16) std::byte client_stack[8192];

void client(Word number) {
  print("client {}: the balance is {}\n", number, balance);
  balance = balance + number;
  print("client {}: after adding {} it is {}\n", number, number, balance);
  runtime::exit(balance == 100 + number ? 0 : 1);
}

// --- The pager -------------------------------------------------------------------------

// Replaces the fault in `message` by its answer.
bool answer_fault(View& view, FrameStore& frames, l4::Words& message) {
  const Word address = message[1];
  const l4::Rights access{L4_PageFaultAccess({.raw = message[0]})};
  const l4::Fpage page = view.page_for(address, access, frames);
  if (page.is_nil()) return false;
  const L4_MapItem_t item = L4_MapItem(page, address);
  message = l4::Words(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  return true;
}

// Serves a client until it ends; its result.
Word serve(l4::ThreadId thread, View& view, FrameStore& frames) {
  unsigned faults = 0;
  l4::Words message;
  l4::ipc_words(l4::ThreadId::nil(), thread, l4::Timeouts::never(), message);
  for (;;) {
    if (L4_IsPageFault({.raw = message[0]})) {
      ++faults;
      if (!answer_fault(view, frames, message)) runtime::panic("a client touched what it should not");
    } else if (message.tag().label() == runtime::console_write) {
      runtime::serve_console(message);
    } else {
      print("pager: that took {} page faults and {} copies\n", faults, view.copied());
      return message[1];
    }
    l4::call_words(thread, message);
  }
}

Word run_client(Word number, FrameStore& frames) {
  View view(address_of(program_start), address_of(program_data), address_of(program_end));
  const auto thread = runtime::create_task(l4::ThreadId::self());
  if (!thread) runtime::panic("the kernel makes no task");
  runtime::start_task(*thread, runtime::thread_entry_ip(), runtime::stack_for(client, number, client_stack));
  return serve(*thread, view, frames);
}

}  // namespace

int main() {
  constexpr unsigned order = 17;
  const Word memory = runtime::allocate_memory(order);
  if (memory == 0) runtime::panic("sigma0 has no memory");
  FrameStore frames(memory, Word{1} << order);
  print("pager: my program has {} pages\n",
        (address_of(program_end) - address_of(program_start)) / copy_on_write::page_size);
  const Word failures = run_client(1, frames) + run_client(2, frames);
  print("pager: my own balance is still {}\n", balance);
  return failures == 0 && balance == 100 ? 0 : 1;
}
