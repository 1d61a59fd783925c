// SPDX-License-Identifier: MIT
// A thread in a space of its own that takes whatever it is sent, mappings anywhere and
// strings of up to 4 MiB, and on request sends on what it has, or runs a function.
#pragma once

#include <l4/l4.hpp>

#include "pages.h"

namespace bench {

inline constexpr l4::Word helper_window = l4::Word{1} << 36;  // free in helpers from here on
inline constexpr l4::Word longest_string = 4 << 20, string_target = l4::Word{1} << 35;

class Helper {
 public:
  static Helper start(l4::Word priority);
  void end();

  // Sends one item (map or grant) of the caller's. Panics unless it is taken.
  void give(l4::Fpage pages, l4::Word at, bool grant = false) const;
  // Maps one page in `count` places that follow each other from `at` on.
  void give_often(l4::Word page, l4::Word count, l4::Word at) const;
  void give_string(l4::Word from, l4::Word bytes) const;
  // The helper maps pages of its own to another one.
  void pass_on(l4::Fpage pages, const Helper& to, l4::Word at) const;

  // The helper calls the function, in its space; the result is the function's.
  using Act = l4::Word (*)(l4::Word argument);
  l4::Word run(Act act, l4::Word argument) const;
  // Has it a page there? If not, it waits for one from now on and is good for end() only.
  [[nodiscard]] bool has(l4::Word address) const;

 private:
  l4::ThreadId id_;
};

}  // namespace bench
