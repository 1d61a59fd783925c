// SPDX-License-Identifier: MIT
// FPU, SSE and AVX registers. They hold the state of cpu.fpu_owner, or the clean
// state, and then CR0.TS makes their first use trap; never that of a thread that
// is not running.
#include "../cpu.h"
#include "cpu_features.h"
#include "instructions.h"
#include <seam.h>

namespace mica {

// As FXSAVE or XSAVE lays it out; the rest of the page follows.
struct FpuState {
  u16 control, status;
  u8 tags_and_pointers[20];
  u32 mxcsr;
  u8 registers[512 - 28];
  u64 xsave_header[8];  // word 0: the components that are not in their first state
};
static_assert(offsetof(FpuState, mxcsr) == 24 && offsetof(FpuState, xsave_header) == 512);

namespace {

constexpr u64 task_switched = 1 << 3;

alignas(64) constinit FpuState clean_state = {.control = 0x37f, .status = 0, .tags_and_pointers = {},
                                              .mxcsr = 0x1f80, .registers = {}, .xsave_header = {}};

void save(FpuState* state) {
  constexpr u32 all = ~u32{0};
  if (features.xsaveopt) {
    asm volatile("xsaveopt64 (%0)" : : "r"(state), "a"(all), "d"(all) : "memory");
  } else if (features.xsave) {
    asm volatile("xsave64 (%0)" : : "r"(state), "a"(all), "d"(all) : "memory");
  } else {
    asm volatile("fxsave64 (%0)" : : "r"(state) : "memory");
  }
}

void restore(const FpuState* state) {
  constexpr u32 all = ~u32{0};
  // Not every CPU restores the x87 pointers; the last owner's must not stay.
  asm volatile("fninit");
  if (features.xsave) {
    asm volatile("xrstor64 (%0)" : : "r"(state), "a"(all), "d"(all) : "memory");
  } else {
    asm volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
  }
}

}  // namespace

// The fast path exchanges the states of two threads by XSAVE and XRSTOR only.
u64 fpu_key() { return features.xsave ? key::fpu : key::rare; }

void switch_fpu(Cpu& cpu, Thread& next) {
  Thread* const owner = cpu.fpu_owner;
  if (owner == &next) return;
  if (owner) {
    save(owner->fpu);
  } else {
    asm volatile("clts");
  }
  if (!next.fpu) return drop_fpu(cpu);
  restore(next.fpu);
  cpu.fpu_owner = &next;
}

void drop_fpu(Cpu& cpu) {
  asm volatile("clts");
  restore(&clean_state);
  write_cr0(read_cr0() | task_switched);
  cpu.fpu_owner = nullptr;
}

void init_fpu_state(FpuState* state) { copy_words(state, &clean_state, sizeof(FpuState) / sizeof(u64)); }

}  // namespace mica
