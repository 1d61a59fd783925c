// SPDX-License-Identifier: MIT
#include "panic.h"

#include "../assertion.h"
#include "../cpu.h"
#include "init.h"
#include "instructions.h"

extern "C" mica::u8 text_start[], text_end[], init_start[], init_end[], kernel_stack_low[],
    kernel_stack_top[], ist_stacks[], stacks_end[];

namespace mica {

namespace {

constexpr u16 serial = 0x3f8;

void start_serial() {
  out8(serial + 1, 0);     // no interrupts
  out8(serial + 3, 0x80);  // divisor 1: 115200 baud
  out8(serial, 1);
  out8(serial + 1, 0);
  out8(serial + 3, 3);     // 8 bits, no parity, 1 stop bit
}

void put(char c) {
  for (unsigned tries = 0; tries < 100'000 && (in8(serial + 5) & 0x20) == 0; ++tries) {
  }
  out8(serial, static_cast<u8>(c));
}

void put(const char* text) {
  for (; *text != 0; ++text) {
    if (*text == '\n') put('\r');
    put(*text);
  }
}

void put_hex(u64 value, unsigned digits = 16) {
  while (digits-- != 0) put("0123456789abcdef"[value >> (4 * digits) & 15]);
}

void put_named(const char* name, u64 value) {
  put(name);
  put_hex(value);
}

void put_registers(const PanicFrame& f) {
  put("vector ");
  put_hex(f.vector, 2);
  put_named(" error ", f.error);
  put_named(" rip ", f.rip);
  put_named("\n rsp ", f.rsp);
  put_named(" flags ", f.rflags);
  put_named(" cs ", f.cs);
  put_named(" ss ", f.ss);
  static constexpr char names[][6] = {" r15 ", " r14 ", " r13 ", " r12 ", " r11 ", " r10 ", " r9  ", " r8  ",
                                      " rbp ", " rdi ", " rsi ", " rdx ", " rcx ", " rbx ", " rax "};
  const u64* value = &f.r15;
  for (unsigned i = 0; i < 15; ++i) {
    if (i % 4 == 0) put("\n");
    put_named(names[i], value[i]);
  }
  put("\n");
}

bool is_text(u64 value) {
  const auto within = [value](const u8* low, const u8* high) {
    return value >= reinterpret_cast<u64>(low) && value < reinterpret_cast<u64>(high);
  };
  return within(text_start, text_end) || within(init_start, init_end);
}

// The end of the stack that `address` lies in, and its lowest word; none: 0.
struct Stack {
  u64 low = 0, end = 0;
};
Stack stack_around(u64 address) {
  const u64 low = reinterpret_cast<u64>(kernel_stack_low), top = reinterpret_cast<u64>(kernel_stack_top),
            ist = reinterpret_cast<u64>(ist_stacks), end = reinterpret_cast<u64>(stacks_end);
  if (address >= low - page_size && address < top) return {low, top};
  if (address >= ist && address < end) {
    const u64 guard = ist + ((address - ist) & ~(2 * page_size - 1));
    return {guard + page_size, guard + 2 * page_size};
  }
  return {};
}

void put_caller(u64 address) { put_named("\n  ", address); }

// Along the frame pointers where the kernel is built with them; else every word
// on the stack that could be a return address.
void put_backtrace(u64 rip, u64 rsp, u64 rbp) {
  put("called from, the latest first:");
  if (is_text(rip)) put_caller(rip);
  const Stack stack = stack_around(rsp);
  unsigned left = 24;
  if constexpr (assertions_enabled) {
    while (left-- != 0 && rbp >= stack.low && rbp + 16 <= stack.end && rbp % 8 == 0) {
      const u64* const frame = reinterpret_cast<const u64*>(rbp);
      put_caller(frame[1]);
      if (frame[0] <= rbp) break;
      rbp = frame[0];
    }
  } else {
    if (rsp < stack.low) rsp = stack.low;
    for (u64 at = (rsp + 7) & ~u64{7}; at < stack.end && left != 0; at += 8) {
      const u64 word = *reinterpret_cast<const u64*>(at);
      if (!is_text(word)) continue;
      put_caller(word);
      --left;
    }
  }
  put("\n");
}

[[noreturn]] void stop() {
  put("*** stopped ***\n");
  out8(PANIC_EXIT_PORT, PANIC_EXIT_VALUE);
  for (;;) asm volatile("cli; hlt");
}

void begin_report(const char* what) {
  static bool begun = false;
  start_serial();
  if (begun) {
    put("\n*** panic in a panic\n");
    stop();
  }
  begun = true;
  put("\n*** kernel panic: ");
  put(what);
  put_named("\nthread ", boot_cpu.current ? boot_cpu.current->id.raw : 0);
  put_named(" cr2 ", read_cr2());
  put_named(" cr3 ", read_cr3());
  put("\n");
}

}  // namespace

void panic(const char* what) {
  begin_report(what);
  u64 rsp;
  asm volatile("mov %%rsp, %0" : "=r"(rsp));
  put_backtrace(0, rsp, reinterpret_cast<u64>(__builtin_frame_address(0)));
  stop();
}

void panic(const char* what, const PanicFrame& frame) {
  begin_report(what);
  put_registers(frame);
  put_backtrace(frame.rip, frame.rsp, frame.rbp);
  stop();
}

void assertion_failed(const char* condition, const char* file, int line) {
  put("\n");
  put(file);
  put(":");
  put_hex(static_cast<u64>(line), 4);
  panic(condition);
}

}  // namespace mica

extern "C" void panic_exception(const mica::PanicFrame* frame) {
  mica::panic("exception in the kernel", *frame);
}
