// SPDX-License-Identifier: MIT
// The functions of the machine that the portable part calls, on the target
// (x86/) and in the host tests. Included by seam.h, which adds what is inline.
#pragma once

#include "types.h"
#include "x86/layout.h"

namespace mica {

struct Space;
struct Thread;
struct Cpu;
struct FpuState;

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
// What FS addresses count from, until a selector is loaded into FS.
void load_fs_base(Address base);
// Lets the running thread use the ports of its space, until another thread runs.
void load_ports(Cpu& cpu, Space& space);
void disable_ports(Cpu& cpu);
// The space whose ports were loaded last is going away, or has other ports now.
void forget_ports(Cpu& cpu);

// System calls come by the trace (trace.h), or no longer.
void trace_calls(bool on);

// Writes the caches back and empties them: memory has got another type.
void flush_caches();

// Time (timer.h has the implementation): deadlines in ticks.
void arm_timer(Ticks deadline);
void disarm_timer();
Ticks ticks_from_us(u64 microseconds);  // saturating
u64 us_from_ticks(Ticks ticks);

// Interrupts: lines, masked until somebody attaches, and behind them in number the
// messages that devices write, which nothing masks.
unsigned interrupt_lines();
inline constexpr unsigned message_interrupts = 24;
bool line_usable(unsigned line);
void mask_line(u64 interrupt);    // nothing for a message
void unmask_line(u64 interrupt);  // the same
void acknowledge_interrupt();
// What a device writes for it: bits 32-63 where, bits 0-31 what.
u64 message_of(unsigned interrupt);

// Addresses for the kernel interface page: where call `number` enters, in the
// order of calls.h, and where all calls return to.
constexpr u64 stub_address(unsigned number) { return STUB_BASE + number * STUB_SPACING; }
inline constexpr Address stub_return = STUB_RETURN;
// Where a symbol of the kernel image lies.
Phys kernel_symbol_phys(const void* symbol);
// A page table with nothing but the kernel's half.
Phys kernel_root_phys();
u64 tsc_khz();
u64 bus_khz();  // what drives the local APIC's timer

// A bug, or a machine that the kernel cannot run on: reports and stops.
[[noreturn]] void panic(const char* what);

// A bit for each size that a page can have.
u64 page_sizes();
// May entries carry entry::no_execute?
extern bool no_execute_enforced;

}  // namespace mica
