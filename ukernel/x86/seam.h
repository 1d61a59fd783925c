// SPDX-License-Identifier: MIT
// What the portable part of the kernel needs of the machine. The host tests have
// a file of the same name and interface, with an arena for physical memory.
#pragma once

#include "../types.h"
#include "layout.h"

namespace mica {

struct Space;
struct Thread;
struct Cpu;
struct FpuState;

inline void* phys_to_virt(Phys address) { return reinterpret_cast<void*>(PHYSMAP_BASE + address.value); }
inline Phys virt_to_phys(const void* pointer) {
  return {reinterpret_cast<u64>(pointer) - PHYSMAP_BASE};
}

// Does phys_to_virt() lead anywhere?
bool physmap_covers(Phys address);

// Mapping nodes and spaces as 32-bit links; 0 is none.
inline constexpr u64 link_unit = 32;
template <typename T>
T* from_link(u32 link) {
  return reinterpret_cast<T*>(PHYSMAP_BASE + u64{link} * link_unit);
}
inline u32 to_link(const void* pointer) {
  return static_cast<u32>((reinterpret_cast<u64>(pointer) - PHYSMAP_BASE) / link_unit);
}

inline Thread* tcb_array() { return reinterpret_cast<Thread*>(TCB_BASE); }
// Backs the TCBs of one 4 KiB page of the array, or takes the backing away.
[[nodiscard]] bool map_tcb_page(u64 page_index, Phys frame);
Phys unmap_tcb_page(u64 page_index);  // returns the frame that was there

inline Ticks read_clock() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return u64{high} << 32 | low;
}

inline void fill_words(void* to, u64 value, u64 words) {
  asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(value) : "memory");
}
inline void copy_words(void* to, const void* from, u64 words) {
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

// Forgets a translation of the space that is loaded, or of all its user pages.
inline void invalidate_page(Address address) { asm volatile("invlpg (%0)" : : "r"(address) : "memory"); }
inline void invalidate_all() {
  u64 cr3;
  asm volatile("mov %%cr3, %0; mov %0, %%cr3" : "=&r"(cr3) : : "memory");
}
// Is this the page table that the CPU uses now?
inline bool is_loaded(const u64* root) {
  u64 cr3;
  asm volatile("mov %%cr3, %0" : "=r"(cr3));
  return cr3 == virt_to_phys(root).value;
}
// Loads the kernel's own page table, because the loaded one is going away.
void load_kernel_root();
// The entries that every root has in its upper half.
const u64* kernel_root_entries();  // 256 words

inline constexpr u64 expected_gs = USER_GS;  // what a user's GS holds when it has not touched it

// How a key says that its thread has FPU state.
u64 fpu_key();
// Hands the FPU from cpu.fpu_owner to `next`, or makes its use trap if `next` has no state.
void switch_fpu(Cpu& cpu, Thread& next);
// Forgets the state in the FPU: its owner is going away.
void drop_fpu(Cpu& cpu);
// Gives a thread its first, clean FPU state in memory of one frame.
void init_fpu_state(FpuState* state);
// Lets the running thread use the ports of its space, until another thread runs.
void load_ports(Cpu& cpu, Space& space);
void disable_ports(Cpu& cpu);
// The space whose ports were loaded last is going away, or has other ports now.
void forget_ports(Cpu& cpu);

// Time (timer.h has the implementation): deadlines in ticks.
void arm_timer(Ticks deadline);
void disarm_timer();
Ticks ticks_from_us(u64 microseconds);  // saturating
u64 us_from_ticks(Ticks ticks);

// Interrupt lines, masked until somebody attaches.
unsigned interrupt_lines();
bool line_usable(unsigned line);
void mask_line(unsigned line);
void unmask_line(unsigned line);
void acknowledge_interrupt();

// Addresses for the kernel interface page: where call `number` enters, in the
// order of calls.h, and where all calls return to.
constexpr u64 stub_address(unsigned number) { return STUB_BASE + number * STUB_SPACING; }
inline constexpr Address stub_return = STUB_RETURN;
// Where a symbol of the kernel image lies.
Phys kernel_symbol_phys(const void* symbol);
// A page table with nothing but the kernel's half.
Phys kernel_root_phys();
u64 tsc_khz();

// A bug, or a machine that the kernel cannot run on: reports and stops.
[[noreturn]] void panic(const char* what);

// May entries carry entry::no_execute?
extern bool no_execute_enforced;

}  // namespace mica
