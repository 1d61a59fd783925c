// SPDX-License-Identifier: MIT
// An exception that a handler in another space answers. Counted: from one `ud2`, or one
// `syscall` outside the stubs, to the next: the instruction, the kernel's message in the
// thread's name, the handler, its answer, and the thread going on behind it.
#include "exceptions.h"

#include <l4/pagefault.h>
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr long done = 0x300;

// Sends each thread behind its instruction of two bytes; no other register changes.
[[noreturn]] void step_over(Word) {
  Words m;
  ThreadId thread = l4::wait_words(m);
  for (;;) {
    if (m.tag().failed()) [[unlikely]]
      runtime::panic("an exception has failed");
    m.set_tag(Tag::make(0, 1));
    m[1] += 2;
    thread = l4::reply_and_wait_words(thread, m);
  }
}

// Gives all registers back as they came, as a personality does; the IP is already
// behind the instruction.
[[noreturn]] void give_back(Word) {
  Words m;
  ThreadId thread = l4::wait_words(m);
  for (;;) {
    if (m.tag().failed()) [[unlikely]]
      runtime::panic("a foreign system call has failed");
    m.set_tag(Tag::make(0, L4_ExcRflags));
    thread = l4::reply_and_wait_words(thread, m);
  }
}

ThreadId handlers[2];

// In a space of its own.
[[noreturn]] void faulter(Word) {
  L4_Set_ExceptionHandler(handlers[0]);
  measure_rounds<42>({"fault", "exception/inter", 600, 777}, [](unsigned rounds) {
    const Word start = ticks();
    do {
      asm volatile("ud2");
    } while (--rounds != 0);
    return ticks() - start;
  });
  L4_Set_ExceptionHandler(handlers[1]);
  measure_rounds<43>({"fault", "foreign-syscall/inter", 0, 0}, [](unsigned rounds) {
    const Word start = ticks();
    do {
      asm volatile("syscall" : : : "rcx", "r11", "memory");
    } while (--rounds != 0);
    return ticks() - start;
  });
  Words message(Tag::make(done, 0));
  l4::call_words(main_thread(), message);
  for (;;) L4_Sleep(L4_Never);
}

}  // namespace

void measure_exceptions() {
  handlers[0] = start_in_space(step_over);
  handlers[1] = start_in_space(give_back);
  const ThreadId thread = start_in_space(faulter);
  Words message;
  l4::ipc_words(ThreadId::nil(), thread, l4::Timeouts::never(), message);
  if (message.tag().failed()) runtime::panic("the faulting thread failed");
}

}  // namespace bench
