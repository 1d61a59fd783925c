// SPDX-License-Identifier: MIT
#include "descriptors.h"

#include "init.h"
#include "instructions.h"
#include <seam.h>

extern "C" mica::u8 kernel_stack_top[], ist_stacks[];
extern "C" void stray_interrupt();

namespace mica {

namespace {

constexpr unsigned ports_bytes = 65536 / 8;

struct [[gnu::packed]] TaskState {
  u32 reserved0;
  u64 rsp[3];
  u64 reserved1;
  u64 ist[7];
  u64 reserved2;
  u16 reserved3;
  u16 io_bitmap_base;  // where the bitmap starts; beyond the limit: no port is allowed
  u8 io_bitmap[ports_bytes];
  u8 io_bitmap_end;    // all ones, as the CPU reads two bytes at a time
};
static_assert(offsetof(TaskState, ist) == 0x24);
static_assert(offsetof(TaskState, io_bitmap) == 0x68);
constexpr u16 bitmap_off = 0xffff;

struct [[gnu::packed]] TableRegister {
  u16 limit;
  u64 base;
};

struct Gate {
  u16 offset_low, selector;
  u8 ist, access;
  u16 offset_middle;
  u32 offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

constexpr u8 interrupt_gate = 0x8e, for_users = 0x60;

// One of each a CPU.
alignas(64) TaskState task_state;
[[gnu::section(".bss.sealed")]] alignas(page_size) Gate gates[256];

constexpr u64 segment(u64 access, u64 flags) { return access << 40 | flags << 52; }
constexpr u64 long_code = 0x2;

}  // namespace

// The accessed bits are set, so the CPU never writes here.
extern "C" {
alignas(64) u64 gdt[9] = {
    0,
    segment(0x9b, long_code),             // KERNEL_CS
    segment(0x93, 0),                     // KERNEL_SS
    0,                                    // no 32-bit code
    segment(0xf3, 0),                     // USER_SS
    segment(0xfb, long_code),             // USER_CS
    segment(GDT_USER_GS_ABSENT, 0),       // USER_GS
    0, 0,                                 // TSS_SELECTOR, see load_descriptors()
};
}
asm(".globl gdt_user_gs_access\n gdt_user_gs_access = gdt + 0x35");
static_assert((USER_GS & ~7) == 0x30 && (USER_SS & ~7) == 0x20 && (USER_CS & ~7) == 0x28);

MICA_INIT static void fill_gates() {
  for (unsigned vector = 0; vector < 256; ++vector) {
    const u64 own = entry_points[vector], entry = own != 0 ? own : reinterpret_cast<u64>(&stray_interrupt);
    u8 ist = 0, access = interrupt_gate;
    if (vector == 1) ist = IST_DEBUG;
    if (vector == 2) ist = IST_NMI;
    if (vector == 3) access |= for_users;  // int3
    if (vector == 8) ist = IST_DOUBLE_FAULT;
    if (vector == 18) ist = IST_MACHINE_CHECK;
    gates[vector] = {static_cast<u16>(entry), KERNEL_CS, ist, access, static_cast<u16>(entry >> 16),
                     static_cast<u32>(entry >> 32), 0};
  }
}

MICA_INIT static void fill_task_state() {
  task_state.rsp[0] = reinterpret_cast<u64>(kernel_stack_top);
  // Above each guard page one page of stack.
  u64 stack = reinterpret_cast<u64>(ist_stacks);
  for (unsigned i = 0; i < 4; ++i) task_state.ist[i] = stack += 2 * page_size;
  task_state.io_bitmap_base = bitmap_off;
  task_state.io_bitmap_end = 0xff;
  const u64 base = reinterpret_cast<u64>(&task_state), limit = sizeof(TaskState) - 1;
  gdt[7] = bits(limit, 0, 16) | bits(base, 0, 24) << 16 | u64{0x89} << 40 | bits(base, 24, 8) << 56;
  gdt[8] = base >> 32;
}

MICA_INIT void load_descriptors() {
  fill_task_state();
  fill_gates();
  const TableRegister gdtr{sizeof(gdt) - 1, reinterpret_cast<u64>(gdt)};
  const TableRegister idtr{sizeof(gates) - 1, reinterpret_cast<u64>(gates)};
  gdt_user_gs_access = GDT_USER_GS_PRESENT;
  asm volatile(
      "lgdt %0\n"
      "lidt %1\n"
      "pushq %2\n"
      "leaq 1f(%%rip), %%rax\n"
      "pushq %%rax\n"
      "lretq\n"
      "1:\n"
      "movl %3, %%eax\n"
      "movl %%eax, %%ss\n"
      "movl %4, %%eax\n"
      "movl %%eax, %%ds\n"
      "movl %%eax, %%es\n"
      "movl %%eax, %%fs\n"
      "movl %5, %%eax\n"
      "movl %%eax, %%gs\n"
      "movl %6, %%eax\n"
      "ltr %%ax\n"
      "xorl %%eax, %%eax\n"
      "lldt %%ax\n"
      :
      : "m"(gdtr), "m"(idtr), "i"(KERNEL_CS), "i"(KERNEL_SS), "i"(USER_SS), "i"(USER_GS), "i"(TSS_SELECTOR)
      : "rax", "memory");
  gdt_user_gs_access = GDT_USER_GS_ABSENT;
}

[[gnu::noinline]] void load_fs_base(Address base) {
  constexpr u32 msr_fs_base = 0xc0000100;
  write_msr(msr_fs_base, base);
}

void io_bitmap_load(const u8* bitmap) {
  copy_words(task_state.io_bitmap, bitmap, ports_bytes / 8);
  io_bitmap_enable();
}

void io_bitmap_enable() { task_state.io_bitmap_base = offsetof(TaskState, io_bitmap); }

void io_bitmap_disable() { task_state.io_bitmap_base = bitmap_off; }

}  // namespace mica
