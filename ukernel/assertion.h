// SPDX-License-Identifier: MIT
// Checks of a caller's promise: in the debug preset and in the host tests a
// broken one stops with a report, in the release preset they cost nothing.
#pragma once

namespace mica {

#ifdef MICA_ASSERTIONS
inline constexpr bool assertions_enabled = true;
#else
inline constexpr bool assertions_enabled = false;
#endif

// On the target a panic; the host tests have their own.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace mica

#define MICA_ASSERT(condition)                                           \
  do {                                                                   \
    if constexpr (::mica::assertions_enabled)                            \
      if (!(condition)) ::mica::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
