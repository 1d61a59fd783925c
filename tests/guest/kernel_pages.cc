// SPDX-License-Identifier: MIT
// Pages of the kernel's image that users can execute when no-execute is not enforced;
// the system tests boot this with nx=off, too.
#include "messages.h"
#include "threads.h"

using namespace guest;
using l4::ThreadId;

TEST("bad instructions in pages of the kernel image: exceptions, or execute faults, of the thread") {
  static Word where;
  faults_are_expected = true;
  // The last letter of the supplier, POPA of old; bits 16-23 of the local id, PUSH ES of old; both
  // no instructions any more.
  const Word places[] = {runtime::kip_address + 0x27b, 0xffff'ffff'e000'1002};
  for (const Word place : places) {
    context("at", place);
    where = place;
    const ThreadId self = ThreadId::self(), nil = ThreadId::nil();
    Slot& slot = take_slot();
    require(thread_control(slot.id, slot.id, self, nil) == 0);
    require(space_control(slot.id, kip_area, l4::Fpage::memory(0x606'0000, 12), ThreadId::any()) == 0);
    require(thread_control(slot.id, slot.id, self, runner, 0x606'0000) == 0);
    set_priority(slot.id, 100);
    start(slot.id, [](Word) {
      touch_program();
      L4_Set_ExceptionHandler(test_thread);
      L4_Set_Pager(test_thread);
      __asm__ volatile("jmp *%0" : : "r"(where));
    }, 0, runner);
    const Received r = receive(slot.id, timeouts(0, 1'000'000));
    expect_ok(r.tag);
  }
}
