// SPDX-License-Identifier: MIT
// What the personality promises a program of Linux. Each argument is the name of a part; the exit
// status is the number of the first check that fails, 0 if none does. On Linux itself all
// but `escape` hold, too.
#include "calls.h"

LINUX_START;

namespace {

using namespace linux_abi;

constexpr Word page = 4096;
constexpr long bad_file = -9, no_memory = -12, bad_address = -14, invalid = -22, no_call = -38;
constexpr Word read_write = 3, read_only = 1, private_anonymous = 0x22;

Word checks = 0;
void check(bool holds) {
  ++checks;
  if (!holds) end(checks);
}

bool equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

volatile Word in_bss[3 * page / sizeof(Word)];
const char constant[] = "constant";

void basics() {
  check(say("linux: basics\n") == 14);
  check(call(write, 2, address("linux: standard error\n"), 22) == 22);
  check(call(write, 1, address(""), 0) == 0);
  check(call(write, 7, address("x"), 1) == bad_file);
  check(call(read, 0, address(in_bss), 1) == 0);
  check(call(getpid) > 0 && call(gettid) == call(getpid));
  check(call(999) == no_call && call(~0UL) == no_call && call(openat) == no_call);
  check(call(set_tid_address, address(in_bss)) == call(gettid));
  Word early[2] = {}, late[2] = {};
  check(call(clock_gettime, 1, address(early)) == 0 && call(clock_gettime, 1, address(late)) == 0);
  check(early[1] < 1'000'000'000 && late[0] * 1'000'000'000 + late[1] >= early[0] * 1'000'000'000 + early[1]);
  const struct { const char* text; Word bytes; } pieces[] = {{"linux: ", 7}, {"", 0}, {"in pieces\n", 10}};
  check(call(writev, 1, address(pieces), 3) == 17);
  // Registers are kept but for RCX, R11 and the result.
  Word rbx = 0x1b, r12 = 0x12, r15 = 0x15, rdx = 0xd;
  asm volatile("movl $0x1b, %%ebx; movl $0x12, %%r12d; movl $0x15, %%r15d; movl $999, %%eax; syscall"
               : "=b"(rbx), "+d"(rdx) : : "rax", "rcx", "r11", "r12", "r15", "memory");
  asm volatile("" : "=r"(r12), "=r"(r15));
  check(rbx == 0x1b && rdx == 0xd);
  double sum = 0;
  for (int i = 1; i <= 10; ++i) {
    sum += 1.0 / i;
    (void)call(gettid);  // the FPU's registers are the program's own
  }
  check(sum > 2.92896 && sum < 2.92897);
}

void pointers() {
  check(call(write, 1, 0, 1) == bad_address);
  check(call(write, 1, ~0UL - 3, 8) == bad_address);
  check(call(write, 1, 0x9000'0000, 8) == bad_address);
  check(call(write, 1, 0xbfc0'0000, 8) == bad_address);      // what the personality has put there
  check(call(write, 1, 0xbff0'0000, 8) == bad_address);      // the kernel's page
  check(call(write, 1, 0xffff'ffff'8000'0000, 8) == bad_address);
  check(call(uname, address(constant)) == bad_address);      // not to be written
  check(call(uname, 0xafff'ffff - 10) == bad_address);       // half of it beyond the stack's end
  check(call(clock_gettime, 1, 8) == bad_address);
  check(call(writev, 1, 16, 1) == bad_address);
  const struct { Word at, bytes; } pieces[] = {{address("x\n"), 2}, {4096, 3}};
  check(call(writev, 1, address(pieces), 2) == 2 && call(writev, 1, address(pieces + 1), 1) == bad_address);
  check(call(writev, 1, address(pieces), 5000) == invalid);
  // Pages that nobody has touched yet are there all the same.
  check(call(write, 1, address(in_bss) + page, 4) == 4);
  check(call(uname, address(in_bss) + 2 * page - 100) == 0);  // over the border of two of them
  check(equal(reinterpret_cast<const char*>(address(in_bss) + 2 * page - 100), "Mica"));
  // As much as there is: the page behind the mapping is none.
  const Word at = static_cast<Word>(call(mmap, 0, page, read_write, private_anonymous, ~0UL, 0));
  for (Word i = 0; i < page; ++i) reinterpret_cast<char*>(at)[i] = i == page - 1 ? '\n' : '.';
  check(call(write, 1, at + page - 20, 100) >= 20);
}

void memory() {
  const Word first = static_cast<Word>(call(brk));
  check(first % page == 0);
  check(static_cast<Word>(call(brk, first + 5)) == first + 5);
  *reinterpret_cast<volatile char*>(first + 4) = 1;
  check(static_cast<Word>(call(brk, first + 10 * page)) == first + 10 * page);
  for (Word i = 0; i < 10; ++i) {
    auto* const word = reinterpret_cast<volatile Word*>(first + i * page + 8);
    check(*word == 0);
    *word = i;
  }
  check(static_cast<Word>(call(brk, first)) == first);
  check(static_cast<Word>(call(brk, first + page)) == first + page);
  check(*reinterpret_cast<volatile Word*>(first + 8) == 0);  // given back, and new
  check(static_cast<Word>(call(brk, first - page)) == first + page);
  check(static_cast<Word>(call(brk, ~0UL)) == first + page);

  const Word a = static_cast<Word>(call(mmap, 0, 5 * page + 1, read_write, private_anonymous, ~0UL, 0));
  check(a % page == 0 && a != 0);
  auto* const words = reinterpret_cast<volatile Word*>(a);
  for (Word i = 0; i < 6; ++i) {
    check(words[i * page / 8] == 0);
    words[i * page / 8] = i + 1;
  }
  check(call(munmap, a + 2 * page, 2 * page) == 0);
  check(call(write, 1, a + 2 * page, 1) == bad_address && call(write, 1, a + 4 * page, 1) == 1);
  check(words[0] == 1 && words[5 * page / 8] == 6);
  check(static_cast<Word>(call(mmap, a + 2 * page, page, read_write, private_anonymous, ~0UL, 0)) == a + 2 * page);
  check(words[2 * page / 8] == 0);
  const Word b = static_cast<Word>(call(mmap, 0, page, read_only, private_anonymous, ~0UL, 0));
  check(*reinterpret_cast<volatile Word*>(b) == 0 && call(uname, b) == bad_address);
  check(call(mmap, 0, 0, read_write, private_anonymous, ~0UL, 0) == invalid);
  check(call(mmap, 0, page, read_write, 2, 3, 0) == bad_file);
  check(call(mmap, 0, ~0UL - page, read_write, private_anonymous, ~0UL, 0) == no_memory);
  check(call(munmap, a + 1, page) == invalid && call(munmap, a, 0) == invalid);
  check(call(munmap, a, 6 * page) == 0);
  for (int i = 0; i < 200; ++i) {  // what is given back can be had again
    const Word c = static_cast<Word>(call(mmap, 0, 16 * page, read_write, private_anonymous, ~0UL, 0));
    for (Word k = 0; k < 16; ++k) *reinterpret_cast<volatile char*>(c + k * page) = 1;
    check(call(munmap, c, 16 * page) == 0);
  }
}

void thread_area() {
  static Word area[2] = {0x1234, 0x5678};
  Word base = 1, word;
  check(call(arch_prctl, 0x1003, address(&base)) == 0 && base == 0);
  check(call(arch_prctl, 0x1002, address(area)) == 0);
  asm volatile("movq %%fs:8, %0" : "=r"(word));
  check(word == 0x5678);
  check(call(arch_prctl, 0x1003, address(&base)) == 0 && base == address(area));
  check(call(arch_prctl, 0x1002, ~0UL >> 1) == invalid);
  check(call(arch_prctl, 0x1003, 0x10) == bad_address && call(arch_prctl, 7, 0) == invalid);
}

// It finds the kernel's interface after all, and calls the root server.
void escape() {
  Word kip;
  asm volatile(".byte 0xf0, 0x90" : "=a"(kip) : : "rcx", "rdx", "rsi");
  static Word ipc;
  ipc = *reinterpret_cast<const Word*>(kip + 0x1c0);
  const Word root = (*reinterpret_cast<const Word*>(kip + 0x188) >> 20 & 0xfff) + 2;
  const Word memory_info = 0x2016'0000;  // a request that the root server answers everybody
  Word to = root << 32 | 1, from = to, rax = 0, rbx = 0;
  register Word timeouts asm("r8") = Word{0x0400} << 16 | 1000;  // of the answer: a millisecond
  register Word tag asm("r9") = memory_info;
  asm volatile("pushq %%rbp; call *%c[ipc]; popq %%rbp"
               : "+S"(to), "+d"(from), "+r"(timeouts), "+r"(tag), "+a"(rax), "+b"(rbx)
               : [ipc] "i"(&ipc)
               : "rcx", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "memory");
  const bool failed = (tag >> 15 & 1) != 0;
  check(failed);  // it went to the personality
}

[[gnu::noinline]] void crash(const char* how) {
  if (equal(how, "read")) (void)*reinterpret_cast<volatile Word*>(0x9000'0000);
  if (equal(how, "write")) *const_cast<volatile char*>(constant) = 1;
  if (equal(how, "jump")) reinterpret_cast<void (*)()>(address(in_bss))();
  if (equal(how, "instruction")) asm volatile("ud2");
  if (equal(how, "privilege")) asm volatile("hlt");
  if (equal(how, "port")) asm volatile("outb %0, %1" : : "a"(char{0}), "Nd"(short{0x64}));
  if (equal(how, "divide")) asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx");
  if (equal(how, "stack")) crash(how), say("");
}

}  // namespace

extern "C" void run(long count, char** arguments) {
  if (count != 3 || !equal(arguments[0], "linux_test.elf")) end(99);
  const char* const part = arguments[1];
  if (equal(part, "basics")) basics();
  if (equal(part, "pointers")) pointers();
  if (equal(part, "memory")) memory();
  if (equal(part, "thread_area")) thread_area();
  if (equal(part, "escape")) escape();
  if (equal(part, "crash")) crash(arguments[2]), end(98);
  if (equal(part, "exit")) call(exit, 0x107);
  if (equal(part, "loop")) for (;;) call(gettid);
  end(0);
}
