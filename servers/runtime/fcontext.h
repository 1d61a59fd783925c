// SPDX-License-Identifier: MIT
// Boost.Context's library, as far as it needs no C++ runtime, and what AddressSanitizer wants to hear
// of it: it knows one stack a thread unless it is told. `fake`: where the fiber that is left keeps its
// fake stack; null: it ends.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fcontext {

struct Transfer {
  void* context;
  void* data;
};
extern "C" Transfer jump_fcontext(void* to, void* data);
extern "C" void* make_fcontext(void* stack_top, std::size_t size, void (*entry)(Transfer));

#if defined(__SANITIZE_ADDRESS__)
inline void announce_switch(void** fake, const void* low, std::size_t size) {
  __sanitizer_start_switch_fiber(fake, low, size);
}
inline void announce_arrival(void* fake, const void** low, std::size_t* size) {
  __sanitizer_finish_switch_fiber(fake, low, size);
}
#else
inline void announce_switch(void**, const void*, std::size_t) {}
inline void announce_arrival(void*, const void**, std::size_t*) {}
#endif

}  // namespace fcontext
