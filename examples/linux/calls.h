// SPDX-License-Identifier: MIT
// System calls of Linux on x86-64, for programs without a library. Numbers and structures are
// those of its binary interface; a result from -4095 to -1 is a negated errno.
#pragma once

namespace linux_abi {

using Word = unsigned long;

enum Call : Word {
  read = 0, write = 1, mmap = 9, munmap = 11, brk = 12, writev = 20, getpid = 39, exit = 60, uname = 63,
  arch_prctl = 158, gettid = 186, set_tid_address = 218, clock_gettime = 228, exit_group = 231, openat = 257,
};

inline long call(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0, Word f = 0) {
  register Word r10 asm("r10") = d;
  register Word r8 asm("r8") = e;
  register Word r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline Word address(const volatile void* pointer) { return reinterpret_cast<Word>(pointer); }

inline Word length(const char* text) {
  Word n = 0;
  while (text[n] != 0) ++n;
  return n;
}

inline long say(const char* text) { return call(write, 1, address(text), length(text)); }

[[noreturn]] inline void end(Word status) {
  for (;;) call(exit_group, status);
}

}  // namespace linux_abi

// The kernel's stack holds the number of arguments, then their addresses.
extern "C" [[noreturn]] void run(long count, char** arguments);
#define LINUX_START                                                                                  \
  asm(".text; .globl _start; _start: xorl %ebp, %ebp; movq (%rsp), %rdi; leaq 8(%rsp), %rsi;" \
      "andq $-16, %rsp; call run; ud2")
