// SPDX-License-Identifier: MIT
// What the portable part of the kernel needs of the machine. The host tests have
// a file of the same name and interface, with an arena for physical memory. What
// is alike in both stands in machine_calls.h.
#pragma once

#include "../machine_calls.h"
#include "layout.h"

// Of a function that keeps all registers.
#define MICA_KEEPS_REGISTERS [[gnu::no_caller_saved_registers]]

namespace mica {

// Calls record() (trace.h), which keeps all registers, so that its callers need not save any.
[[gnu::always_inline]] inline void call_record(u64 event, const Thread& t, u64 partner) {
  asm volatile("call record" : : "D"(event), "S"(&t), "d"(partner) : "memory", "cc");
}

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

[[gnu::always_inline]] inline Ticks read_clock() {
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

inline void copy_bytes(void* to, const void* from, u64 bytes) {
  u64 words = bytes / sizeof(u64), rest = bytes % sizeof(u64);
  asm volatile("rep movsq\n\tmovq %3, %2\n\trep movsb"
               : "+D"(to), "+S"(from), "+c"(words) : "r"(rest) : "memory");
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

}  // namespace mica
