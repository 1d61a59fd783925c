// SPDX-License-Identifier: MIT
// What a PS/2 keyboard sends: bytes of scancode set 1 or 2 as keys that are pressed or released.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace keyboard {

// A key by its set 1 code; those behind the prefix 0xe0 have bit 7.
using Key = std::uint8_t;

enum : Key {
  key_escape = 0x01,
  key_backspace = 0x0e,
  key_tab = 0x0f,
  key_enter = 0x1c,
  key_left_control = 0x1d,
  key_left_shift = 0x2a,
  key_right_shift = 0x36,
  key_pad_multiply = 0x37,
  key_left_alt = 0x38,
  key_space = 0x39,
  key_caps_lock = 0x3a,
  key_f1 = 0x3b,
  key_f10 = 0x44,
  key_num_lock = 0x45,
  key_pad_7 = 0x47,
  key_pad_minus = 0x4a,
  key_pad_plus = 0x4e,
  key_pad_point = 0x53,
  key_other = 0x56,  // beside the left shift, where there is one
  key_f11 = 0x57,
  key_f12 = 0x58,
  key_pad_enter = 0x9c,
  key_right_control = 0x9d,
  key_pad_divide = 0xb5,
  key_right_alt = 0xb8,
  key_home = 0xc7,
  key_up = 0xc8,
  key_page_up = 0xc9,
  key_left = 0xcb,
  key_right = 0xcd,
  key_end = 0xcf,
  key_down = 0xd0,
  key_page_down = 0xd1,
  key_insert = 0xd2,
  key_delete = 0xd3,
};

struct KeyEvent {
  Key key;
  bool pressed;
  constexpr bool operator==(const KeyEvent&) const = default;
};

namespace detail {

// Set 2 codes as set 1 codes, 0 for those of no key.
inline constexpr std::array<std::uint8_t, 0x84> set_1_of = {
    0,    0x43, 0,    0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0,    0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0,     //
    0,    0x38, 0x2a, 0,    0x1d, 0x10, 0x02, 0,    0,    0,    0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,  //
    0,    0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0,    0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,  //
    0,    0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0,    0,    0,    0x32, 0x24, 0x16, 0x08, 0x09, 0,     //
    0,    0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0,    0,    0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0,     //
    0,    0,    0x28, 0,    0x1a, 0x0d, 0,    0,    0x3a, 0x36, 0x1c, 0x1b, 0,    0x2b, 0,    0,     //
    0,    0x56, 0,    0,    0,    0,    0x0e, 0,    0,    0x4f, 0,    0x4b, 0x47, 0,    0,    0,     //
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0,     //
    0,    0,    0,    0x41,
};

}  // namespace detail

class Decoder {
 public:
  enum class Set { one, two };

  constexpr void use(Set set) { *this = Decoder(set); }
  constexpr explicit Decoder(Set set = Set::one) : set_(set) {}

  // The event that the byte completes. Nothing also for bytes that are no codes, such as answers, and
  // for the shifts that a keyboard makes up around its cursor keys.
  constexpr std::optional<KeyEvent> feed(std::uint8_t byte) {
    if (byte == 0xe0) return extended_ = true, std::nullopt;
    // Pause: two codes behind 0xe1, each time it is pressed or released.
    if (byte == 0xe1) return swallow_ = 2, std::nullopt;
    if (set_ == Set::two && byte == 0xf0) return released_ = true, std::nullopt;
    if (swallow_ > 0) return --swallow_, released_ = false, std::nullopt;
    const bool pressed = set_ == Set::one ? (byte & 0x80) == 0 : !released_;
    const std::uint8_t code = code_of(byte);
    const Key key = static_cast<Key>(code | (extended_ ? 0x80 : 0));
    extended_ = released_ = false;
    const bool is_key = code != 0 && code <= 0x5d;
    if (!is_key || key == (0x80 | key_left_shift) || key == (0x80 | key_right_shift)) return std::nullopt;
    return KeyEvent{key, pressed};
  }

 private:
  constexpr std::uint8_t code_of(std::uint8_t byte) const {
    if (set_ == Set::one) return byte & 0x7f;
    return byte < detail::set_1_of.size() ? detail::set_1_of[byte] : std::uint8_t{0};
  }

  Set set_;
  bool extended_ = false, released_ = false;
  unsigned swallow_ = 0;
};

}  // namespace keyboard
