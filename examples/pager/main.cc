// SPDX-License-Identifier: MIT
// A root task that is a pager: it makes a second address space, in which at first
// there is nothing at all, and answers the page faults of the thread in it.
//
// Owns: its memory, and the space that it makes.
// Serves: the client's page faults, its text for the console and one request of its
// own, to take pages away.
#include <runtime/console_protocol.h>
#include <runtime/program.h>
#include <runtime/task.h>

#include "pager.h"

extern "C" char program_start[], program_end[];

namespace {

using runtime::hex;
using runtime::print;

constexpr l4::Word notes_address = 0x5000'0000;  // where the client sees the notes
constexpr l4::Word page_size = 0x1000, notes_pages = 4;
constexpr long take_away = 0x200;  // the client asks to lose its notes

// --- The client, in its own space --------------------------------------------------
// It runs the same program, seen through the pager at the same addresses.

alignas(16) std::byte client_stack[8192];

volatile l4::Word& note(l4::Word page) {
  return *reinterpret_cast<volatile l4::Word*>(notes_address + page * page_size);
}

void client(l4::Word) {
  print("client: I run; all of my code came by page faults\n");
  for (l4::Word page = 0; page < notes_pages; ++page) print("client: page {} says {}\n", page, note(page));
  note(2) = 4711;
  print("client: I have written to page 2; now take the pages away\n");
  l4::Words request(l4::Tag::make(take_away, 0));
  l4::call_words(L4_Pager(), request);
  print("client: page 2 says {} again, after one more fault\n", note(2));
  runtime::exit(note(2) == 4711 ? 0 : 1);
}

// --- The pager -----------------------------------------------------------------------

const char* access_name(l4::Words& message) {
  switch (L4_PageFaultAccess({.raw = message[0]})) {
    case L4_Readable: return "reads";
    case L4_Writable: return "writes";
    case L4_eXecutable: return "executes";
    default: return "touches";
  }
}

int run() {
  const l4::Word notes = runtime::allocate_memory(14);
  if (notes == 0) runtime::panic("sigma0 has no memory");
  for (l4::Word page = 0; page < notes_pages; ++page) {
    *reinterpret_cast<l4::Word*>(notes + page * page_size) = 100 + page;
  }
  const l4::Word image = reinterpret_cast<l4::Word>(program_start);
  const pager::Region regions[] = {
      {image, reinterpret_cast<l4::Word>(program_end) - image, image, l4::full_access},
      {notes_address, notes_pages * page_size, notes, l4::read_write},
  };
  const pager::Pager pager(regions);

  const auto task = runtime::create_task(l4::ThreadId::self());
  if (!task) runtime::panic("the kernel makes no task");
  print("pager: I am thread {}; thread {} is in a new, empty space\n", l4::ThreadId::self().number(),
        task->number());
  runtime::start_task(*task, runtime::thread_entry_ip(), runtime::stack_for(client, 0, client_stack));

  unsigned faults = 0;
  l4::Words message;
  l4::ThreadId sender = l4::wait_words(message);
  for (;;) {
    bool answered = false;
    const l4::Tag tag = message.tag();
    if (L4_IsPageFault({.raw = tag.raw})) {
      print("pager: fault {}: thread {} {} {}, at instruction {}\n", ++faults, sender.number(),
            access_name(message), hex(message[1]), hex(message[2]));
      answered = pager.answer(message);
      if (!answered) runtime::panic("the client touched what it should not");
    } else if (tag.label() == runtime::console_write) {
      runtime::serve_console(message);
      answered = true;
    } else if (tag.label() == take_away) {
      L4_UnmapFpage(l4::Fpage::memory(notes, 14, l4::full_access));
      print("pager: the client's view of the notes is gone; I still have them\n");
      message = l4::Words(l4::Tag::make(0, 0));
      answered = true;
    } else if (tag.label() == runtime::program_exit) {
      print("pager: the client has ended with {}, after {} page faults\n", message[1], faults);
      return message[1] == 0 ? 0 : 1;
    }
    sender = answered ? l4::reply_and_wait_words(sender, message) : l4::wait_words(message);
  }
}

}  // namespace

int main() { return run(); }
