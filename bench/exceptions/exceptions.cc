// SPDX-License-Identifier: MIT
// Exceptions that a handler in another space answers. Counted: from one such instruction to
// the next: the instruction, the kernel's message in the thread's name, the handler, its
// answer, and the thread going on behind it.
//
//   exception/inter         #UD by UD2; the handler sends the thread on behind it
//   divide/inter            #DE by a division by zero; the handler looks at the exception's
//                           number as well, here and below
//   protection/inter        #GP by CLTS, at which the kernel looks whether it is an IN or OUT
//   breakpoint/inter        #BP by INT3; the handler gives all registers back
//   single-step/inter       #DB by the trap flag, which four instructions set and the handler,
//                           with all registers, takes away
//   foreign-syscall/inter   a SYSCALL outside of the stubs; the handler gives all registers
//                           back, as a personality does
//
// #AC is not among them: the emulator does not raise it.
#include "exceptions.h"

#include <l4/pagefault.h>
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr long done = 0x300;
constexpr Word divide = 0, debug = 1, breakpoint = 3, protection = 13;

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

void expect(Tag tag, Word number) {
  Word real;
  L4_StoreMR(L4_ExcNumber, &real);
  if (tag.failed() || real != number) [[unlikely]]
    runtime::panic("another exception");
}

template <Word number>
[[noreturn]] void step_over_expected(Word) {
  Words m;
  ThreadId thread = l4::wait_words(m);
  for (;;) {
    expect(m.tag(), number);
    m.set_tag(Tag::make(0, 1));
    m[1] += 2;
    thread = l4::reply_and_wait_words(thread, m);
  }
}

constexpr Word trap_flag = 0x100;

template <Word number>
[[noreturn]] void give_back_expected(Word) {
  Words m;
  ThreadId thread = l4::wait_words(m);
  for (;;) {
    expect(m.tag(), number);
    if (number == debug) {
      Word flags;
      L4_StoreMR(L4_ExcRflags, &flags);
      L4_LoadMR(L4_ExcRflags, flags & ~trap_flag);
    }
    m.set_tag(Tag::make(0, L4_ExcRflags));
    thread = l4::reply_and_wait_words(thread, m);
  }
}

enum Handler { over, over_divide, over_protection, back, back_debug, back_breakpoint, handler_count };
ThreadId handlers[handler_count];

template <unsigned mark, class Act>
void exception_row(const Row& row, Handler handler, Act act) {
  L4_Set_ExceptionHandler(handlers[handler]);
  measure_rounds<mark>(row, repeat(act));
}

// In a space of its own.
[[noreturn]] void faulter(Word) {
  exception_row<42>({"fault", "exception/inter", 600, 777}, over, [] { asm volatile("ud2"); });
  exception_row<44>({"fault", "divide/inter"}, over_divide, [] {
    asm volatile("divl %2" : : "a"(0), "d"(0), "c"(0) : "cc");
  });
  exception_row<45>({"fault", "protection/inter"}, over_protection, [] { asm volatile("clts"); });
  exception_row<46>({"fault", "breakpoint/inter"}, back_breakpoint, [] { asm volatile("int3"); });
  exception_row<47>({"fault", "single-step/inter"}, back_debug, [] {
    asm volatile("pushfq; orq %0, (%%rsp); popfq; nop" : : "i"(trap_flag) : "cc", "memory");
  });
  exception_row<43>({"fault", "foreign-syscall/inter", 0, 0}, back, [] {
    asm volatile("syscall" : : : "rcx", "r11", "memory");
  });
  Words message(Tag::make(done, 0));
  l4::call_words(main_thread(), message);
  for (;;) L4_Sleep(L4_Never);
}

}  // namespace

void measure_exceptions() {
  handlers[over] = start_in_space(step_over);
  handlers[over_divide] = start_in_space(step_over_expected<divide>);
  handlers[over_protection] = start_in_space(step_over_expected<protection>);
  handlers[back] = start_in_space(give_back);
  handlers[back_debug] = start_in_space(give_back_expected<debug>);
  handlers[back_breakpoint] = start_in_space(give_back_expected<breakpoint>);
  const ThreadId thread = start_in_space(faulter);
  Words message;
  l4::ipc_words(ThreadId::nil(), thread, l4::Timeouts::never(), message);
  if (message.tag().failed()) runtime::panic("the faulting thread failed");
}

}  // namespace bench
