// SPDX-License-Identifier: MIT
#include "partner.h"

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csetjmp>

// What the links of the system calls lead to. On Ipc's way in and out, all registers that it does not
// change stay as they are, those of SSE too.
asm(R"(
        .text
mica_test_ipc:
        movq    %rsp, %rbp
        subq    $704, %rsp
        andq    $-64, %rsp
        fxsave  128(%rsp)
        movq    %r9, (%rsp)
        movq    %rax, 8(%rsp)
        movq    %rbx, 16(%rsp)
        movq    %r10, 24(%rsp)
        movq    %r12, 32(%rsp)
        movq    %r13, 40(%rsp)
        movq    %r14, 48(%rsp)
        movq    %r15, 56(%rsp)
        movq    %rsi, 64(%rsp)
        movq    %rdx, 72(%rsp)
        movq    %r8, 80(%rsp)
        movq    %rsp, %rdi
        cld
        call    mica_test_ipc_called
        movq    (%rsp), %r9
        movq    8(%rsp), %rax
        movq    16(%rsp), %rbx
        movq    24(%rsp), %r10
        movq    32(%rsp), %r12
        movq    40(%rsp), %r13
        movq    48(%rsp), %r14
        movq    56(%rsp), %r15
        movq    64(%rsp), %rsi
        fxrstor 128(%rsp)
        movq    %rbp, %rsp
mica_test_nothing:
        ret
)");
asm(R"(
        .text
mica_test_clock:
        movq    mica_test_time(%rip), %rax
        ret
)");
extern "C" const char mica_test_ipc[], mica_test_nothing[], mica_test_clock[];
extern "C" {
l4::Word mica_test_time = 0;
}

namespace mica::test {

namespace {

struct Registers {
  l4::Word mr[8], to, from, timeouts;
};

constexpr unsigned control_words = 64, message_words = 64;

alignas(64) l4::Word utcb[control_words + message_words];
l4::Word* utcb_pointer = utcb + control_words;
const std::function<bool(Ipc&)>* the_kernel = nullptr;
std::jmp_buf the_end;

}  // namespace

extern "C" void mica_test_ipc_called(Registers& r) {
  for (unsigned n = 0; n < 8; ++n) utcb_pointer[n] = r.mr[n];
  Ipc ipc{l4::ThreadId(r.to), l4::ThreadId(r.from), {r.timeouts}, utcb_pointer, {}};
  if (!(*the_kernel)(ipc)) std::longjmp(the_end, 1);
  for (unsigned n = 0; n < 8; ++n) r.mr[n] = utcb_pointer[n];
  r.to = ipc.sender.raw;
}

void Ipc::fail(l4::Word code, bool in_receive) {
  mr[0] |= 0x8000;
  control_register(L4_TCR_ERROR_CODE) = code << 1 | (in_receive ? 1 : 0);
}

l4::Word& system_clock() { return mica_test_time; }
l4::Word& control_register(int index) { return utcb_pointer[index]; }
l4::Word& message_register(unsigned index) { return utcb_pointer[index]; }

void run_program(const std::function<bool(Ipc&)>& kernel, const std::function<void()>& program) {
  for (l4::Word& word : utcb) word = 0;
  syscall(SYS_arch_prctl, ARCH_SET_GS, &utcb_pointer);
  l4_links.ipc = reinterpret_cast<l4::Word>(mica_test_ipc);
  l4_links.system_clock = reinterpret_cast<l4::Word>(mica_test_clock);
  l4_links.thread_switch = reinterpret_cast<l4::Word>(mica_test_nothing);
  the_kernel = &kernel;
  if (setjmp(the_end) == 0) program();
  the_kernel = nullptr;
}

}  // namespace mica::test
