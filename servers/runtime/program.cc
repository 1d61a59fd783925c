// SPDX-License-Identifier: MIT
#include "program.h"

#include <mica/task.h>

#include "console_protocol.h"
#include "io.h"

extern "C" const char program_start[], program_end[];

namespace runtime {

namespace {

// Where allocate_memory() puts things: far from all that is mapped one to one.
l4::Word next_window = l4::Word{1} << 40;

// The largest flexpage that begins at low and ends at or before high.
unsigned largest_order(l4::Word low, l4::Word high) {
  unsigned order = 12;
  while (order < 46 && (low & ((l4::Word{2} << order) - 1)) == 0 && high - low >= (l4::Word{2} << order))
    ++order;
  return order;
}

constinit l4::ThreadId started_by;
constinit bool of_root_server = false;

// Has sigma0 given it? The acceptor is the caller's again afterwards: if the window stayed open,
// whoever sends to the program could map pages over it.
template <typename Ask>  // Ask: a call to sigma0
bool is_given(Ask&& ask) {
  const L4_Acceptor_t accepted = L4_Accepted();
  const bool given = !L4_IsNilFpage(ask());
  L4_Accept(accepted);
  return given;
}

l4::Word user_base() { return L4_ThreadIdUserBase(nullptr); }

[[noreturn]] void sleep_for_ever() {
  for (;;) L4_Sleep(L4_Never);
}

// What runs on the first thread; the region mapper puts itself here (regions.cc).
extern "C" [[gnu::weak]] int runtime_first_thread() { return main(); }

// The root server starts its tasks with the address of their page (mica/task.h) as stack.
extern "C" [[noreturn]] void runtime_start(l4::Word initial_stack) {
  __L4_Init();
  of_root_server = initial_stack == mica::TaskPage::address;
  started_by = L4_Pager();
  // sigma0 itself has nobody to ask; its threads need no more than they have.
  if (in_root_task() && l4::ThreadId::self() != sigma0()) {
    (void)claim_memory(reinterpret_cast<l4::Word>(program_start), reinterpret_cast<l4::Word>(program_end));
    (void)claim_ports(serial_port, 3);
    (void)claim_ports(debug_exit_port, 2);
  }
  if (!in_root_task()) L4_Set_ExceptionHandler(starter());
  exit(runtime_first_thread());
}

}  // namespace

l4::ThreadId sigma0() { return l4::ThreadId::global(user_base(), 1); }

l4::Word first_free_thread_number() { return user_base() + 16; }

bool in_root_task() { return L4_IsThreadEqual(L4_Pager(), sigma0()); }

// A task that sees the memory of the root task that made it has its variables too.
l4::ThreadId starter() { return of_root_server ? started_by : l4::ThreadId(L4_Pager()); }

bool in_system() { return of_root_server; }

bool claim_memory(l4::Word low, l4::Word high) {
  low &= ~l4::Word{0xfff};
  while (low < high) {
    const unsigned order = largest_order(low, (high + 0xfff) & ~l4::Word{0xfff});
    if (!is_given([&] { return L4_Sigma0_GetPage(sigma0(), l4::Fpage::memory(low, order)); })) return false;
    low += l4::Word{1} << order;
  }
  return true;
}

l4::Word allocate_memory(unsigned order) {
  const l4::Word size = l4::Word{1} << order;
  const l4::Word at = (next_window + size - 1) & ~(size - 1);
  if (!is_given([&] { return L4_Sigma0_GetAny(sigma0(), order, l4::Fpage::memory(at, order)); })) return 0;
  next_window = at + size;
  return at;
}

bool claim_ports(l4::Word port, unsigned order) {
  return is_given([&] { return L4_Sigma0_GetPage(sigma0(), l4::Fpage::io(port, order)); });
}

void exit(int code) {
  if (in_root_task()) debug_exit(code == 0 ? 0x10 : 0x11);
  l4::Words message(l4::Tag::make(program_exit, 1), static_cast<l4::Word>(code));
  l4::send_words(starter(), message);
  sleep_for_ever();
}

void debug_exit(std::uint8_t value) {
  out8(debug_exit_port, value);
  sleep_for_ever();  // on a machine without that port
}

void panic(std::string_view what) {
  print("panic: {}\n", what);
  exit(1);
}

}  // namespace runtime
