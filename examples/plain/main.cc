// SPDX-License-Identifier: MIT
// A program that knows nothing but L4 X.2, as one that was written and built elsewhere: no runtime,
// no include/mica, the system calls by the kernel interface page. It says what it finds and
// what it may not do. What a task of the root server can send to its pager
// (docs/manual/foreign.md) is all that it knows of Mica.
#include <l4/ipc.h>
#include <l4/kip.h>
#include <l4/schedule.h>
#include <l4/space.h>
#include <l4/thread.h>

namespace {

constexpr L4_Word_t write_label = 0x100, exit_label = 0x101;

// Up to 63 words of text to the pager, which shows them.
void say(const char* text) {
  L4_Word_t word = 0, words = 0;
  for (unsigned i = 0;; ++i) {
    const bool last = text[i] == 0;
    word |= static_cast<L4_Word_t>(static_cast<unsigned char>(text[i])) << i % 8 * 8;
    if (i % 8 == 7 || last) {
      L4_LoadMR(static_cast<int>(++words), word);
      word = 0;
    }
    if (last) break;
  }
  L4_Set_MsgTag(L4_MsgTag_t{.raw = write_label << 16 | words});
  L4_Call(L4_Pager());
}

void say_result(const char* call, L4_Word_t result) {
  say(call);
  if (result != 0) return say(": done\n");
  say(L4_ErrorCode() == L4_ErrNoPrivilege ? ": refused, no privilege\n" : ": refused\n");
}

[[noreturn]] void end(L4_Word_t code) {
  L4_LoadMR(1, code);
  L4_Set_MsgTag(L4_MsgTag_t{.raw = exit_label << 16 | 1});
  L4_Send(L4_Pager());
  for (;;) L4_Sleep(L4_Never);
}

volatile L4_Word_t in_data = 7, in_bss[1000];

}  // namespace

extern "C" [[noreturn]] void run() {
  __L4_Init();
  L4_Word_t version, flags, id;
  const void* const kip = L4_KernelInterface(&version, &flags, &id);
  say(version >> 24 == 0x84 ? "plain: a kernel with the X.2 interface: " : "plain: what kernel is this? ");
  say(L4_KernelVersionString(kip));
  say("\n");

  const L4_ThreadId_t me = L4_MyGlobalId(), other = L4_GlobalId(L4_ThreadNo(me) + 1, L4_Version(me));
  L4_Word_t old = 0;
  say_result("plain: ThreadControl", L4_ThreadControl(other, me, me, L4_Pager(), reinterpret_cast<void*>(~0UL)));
  say_result("plain: SpaceControl", L4_SpaceControl(me, 0, L4_Nilpage, L4_Nilpage, L4_nilthread, &old));
  say_result("plain: Schedule of oneself", L4_Schedule(me, ~0UL, ~0UL, 255, ~0UL, &old));

  const L4_Clock_t before = L4_SystemClock();
  L4_Sleep(L4_TimePeriod(1000));
  const bool later = L4_SystemClock().raw - before.raw >= 1000;
  in_bss[999] = in_data;
  const bool good = later && in_bss[999] == 7 && in_bss[0] == 0;
#ifdef WILD
  say("plain: and now a jump to nowhere\n");
  reinterpret_cast<void (*)()>(0x123450)();
#endif
#ifdef HALTS
  say("plain: and now an instruction that there is not\n");
  asm volatile("ud2");
#endif
  say(good ? "plain: I end\n" : "plain: something is wrong\n");
  end(good ? 0 : 1);
}

// The stack is the one with which a task starts.
asm(".text; .globl _start; _start: xorl %ebp, %ebp; call run; ud2");
