// SPDX-License-Identifier: MIT
// Keys as characters: the US layout, as a terminal would send them.
#pragma once

#include <string_view>

#include "scancodes.h"

namespace keyboard {

class Keymap {
 public:
  // What the event types, valid until the next one; empty for none.
  std::string_view feed(KeyEvent event);

  bool caps_lock() const { return caps_lock_; }
  // No key is held, as after a reset of the keyboard.
  void release_all() { shift_ = control_ = alt_ = 0; }

 private:
  bool modifier(KeyEvent event);
  void type(Key key);
  void character(char c);
  void sequence(std::string_view text);
  void put(char c) { text_[size_++] = c; }

  unsigned shift_ = 0, control_ = 0, alt_ = 0;  // bit 0 the left one, bit 1 the right one
  bool caps_lock_ = false, num_lock_ = false;
  bool caps_held_ = false, num_held_ = false;  // a key that is held repeats itself
  std::array<char, 8> text_{};
  std::size_t size_ = 0;
};

}  // namespace keyboard
