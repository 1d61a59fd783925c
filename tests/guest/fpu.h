// SPDX-License-Identifier: MIT
// FPU, SSE and AVX registers in the tests' hands (fpu_state.S). The C++ code of the
// tests uses none of them.
#pragma once

#include "messages.h"

namespace guest {

struct FpuState {
  unsigned char vectors[16][32];  // the upper halves count where there is AVX
  unsigned mxcsr;
  unsigned short x87_control, x87_status;
  unsigned char x87_top[16];  // the topmost two of the stack's numbers, as doubles
};

extern "C" void guest_load_sse(const FpuState*);
extern "C" void guest_store_sse(FpuState*);
extern "C" void guest_load_avx(const FpuState*);
extern "C" void guest_store_avx(FpuState*);

bool have_avx();
void load_fpu(const FpuState& state);
void store_fpu(FpuState& state);

// A state of its own for each seed.
void make_fpu_state(FpuState& state, Word seed);
// What the registers hold now is that state.
bool expect_fpu_state(Word seed, const char* when, Location at = Location::current());

}  // namespace guest
