// SPDX-License-Identifier: MIT
// Marks for the plugin bench/scope: a long no-op whose displacement is the number.
// Without the plugin they cost one instruction, outside of what is measured.
#pragma once

namespace bench {

template <unsigned id>
[[gnu::always_inline]] inline void mark_open() {
  asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .long %c0" : : "i"(0x4d420000u + id) : "memory");
}

template <unsigned id>
[[gnu::always_inline]] inline void mark_close() {
  asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .long %c0" : : "i"(0x4d430000u + id) : "memory");
}

}  // namespace bench
