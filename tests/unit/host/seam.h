// SPDX-License-Identifier: MIT
// The machine as the host tests see it: the interface of ukernel/x86/seam.h, with
// an arena for physical memory and a translation buffer that remembers too long.
#pragma once

#include <machine_calls.h>

#define MICA_KEEPS_REGISTERS

extern "C" void record(mica::u64 event, const mica::Thread& t, mica::u64 partner);

namespace mica {

namespace host {

inline constexpr u64 ram_size = u64{64} << 20;
extern u8* const arena;  // RAM: physical addresses 0 to ram_size
extern Thread* const tcbs;

// A fresh machine: frame_store owns [1 MiB, low + kernel_memory), nothing is loaded.
inline constexpr Phys kernel_memory_low{u64{1} << 20};
void reset(u64 kernel_memory = ram_size - kernel_memory_low.value);

// The CPU. An access by user code translates through the buffer, which keeps
// what it has seen until it is told otherwise.
void load_root(const u64* root);
bool access(Address address, bool write, bool execute = false);
// Pages for which the buffer allows what the loaded page table no longer does.
u64 stale_translations();
extern u64 page_invalidations, full_invalidations;

extern Ticks clock;
extern u64 ports_changes;
extern bool calls_are_traced;
extern Phys owned_low, owned_high;  // kernel_owns() these too, beside frame_store's
extern unsigned lines;              // of interrupts
extern unsigned largest_level;      // of pages: 0, 1 or 2

}  // namespace host

inline void call_record(u64 event, const Thread& t, u64 partner) { record(event, t, partner); }

inline void* phys_to_virt(Phys address) { return host::arena + address.value; }
inline Phys virt_to_phys(const void* pointer) {
  return {static_cast<u64>(static_cast<const u8*>(pointer) - host::arena)};
}

inline bool physmap_covers(Phys address) { return address.value < host::ram_size; }

inline constexpr u64 link_unit = 32;
template <typename T>
T* from_link(u32 link) {
  return static_cast<T*>(phys_to_virt({u64{link} * link_unit}));
}
inline u32 to_link(const void* pointer) { return static_cast<u32>(virt_to_phys(pointer).value / link_unit); }

inline Thread* tcb_array() { return host::tcbs; }
[[nodiscard]] bool map_tcb_page(u64 page_index, Phys frame);
Phys unmap_tcb_page(u64 page_index);

inline Ticks read_clock() { return host::clock; }

inline void fill_words(void* to, u64 value, u64 words) {
  for (u64 i = 0; i < words; ++i) static_cast<u64*>(to)[i] = value;
}
inline void copy_words(void* to, const void* from, u64 words) {
  for (u64 i = 0; i < words; ++i) static_cast<u64*>(to)[i] = static_cast<const u64*>(from)[i];
}
inline void copy_bytes(void* to, const void* from, u64 bytes) {
  for (u64 i = 0; i < bytes; ++i) static_cast<u8*>(to)[i] = static_cast<const u8*>(from)[i];
}

void invalidate_page(Address address);
void invalidate_all();
bool is_loaded(const u64* root);

}  // namespace mica
