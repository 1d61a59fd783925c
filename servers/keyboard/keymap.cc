// SPDX-License-Identifier: MIT
#include "keymap.h"

namespace keyboard {

namespace {

// By set 1 code, from 0 on; blanks where other keys are.
constexpr std::string_view lower = "  1234567890-=  qwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./";
constexpr std::string_view upper = "  !@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?";
static_assert(lower.size() == key_right_shift && upper.size() == key_right_shift);

// The pad with Num Lock, from key_pad_7 on.
constexpr std::string_view pad = "789-456+1230.";
static_assert(pad.size() == key_pad_point - key_pad_7 + 1);

constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Of ESC [ ... ; empty for keys without.
constexpr std::string_view sequence_of(Key key) {
  switch (key) {
    case key_up: return "[A";
    case key_down: return "[B";
    case key_right: return "[C";
    case key_left: return "[D";
    case key_home: return "[H";
    case key_end: return "[F";
    case key_insert: return "[2~";
    case key_delete: return "[3~";
    case key_page_up: return "[5~";
    case key_page_down: return "[6~";
    case key_f1: return "OP";
    case key_f1 + 1: return "OQ";
    case key_f1 + 2: return "OR";
    case key_f1 + 3: return "OS";
    case key_f1 + 4: return "[15~";
    case key_f1 + 5: return "[17~";
    case key_f1 + 6: return "[18~";
    case key_f1 + 7: return "[19~";
    case key_f1 + 8: return "[20~";
    case key_f10: return "[21~";
    case key_f11: return "[23~";
    case key_f12: return "[24~";
    default: return {};
  }
}

void set(unsigned& keys, unsigned bit, bool pressed) { keys = pressed ? keys | bit : keys & ~bit; }

}  // namespace

std::string_view Keymap::feed(KeyEvent event) {
  size_ = 0;
  if (!modifier(event) && event.pressed) type(event.key);
  return {text_.data(), size_};
}

bool Keymap::modifier(KeyEvent event) {
  switch (event.key) {
    case key_left_shift: set(shift_, 1, event.pressed); return true;
    case key_right_shift: set(shift_, 2, event.pressed); return true;
    case key_left_control: set(control_, 1, event.pressed); return true;
    case key_right_control: set(control_, 2, event.pressed); return true;
    case key_left_alt: set(alt_, 1, event.pressed); return true;
    case key_right_alt: set(alt_, 2, event.pressed); return true;
    case key_caps_lock:
      if (event.pressed && !caps_held_) caps_lock_ = !caps_lock_;
      caps_held_ = event.pressed;
      return true;
    case key_num_lock:
      if (event.pressed && !num_held_) num_lock_ = !num_lock_;
      num_held_ = event.pressed;
      return true;
    default: return false;
  }
}

void Keymap::type(Key key) {
  switch (key) {
    case key_escape: return character('\x1b');
    case key_backspace: return character(control_ != 0 ? '\b' : '\x7f');
    case key_tab: return shift_ != 0 ? sequence("[Z") : character('\t');
    case key_enter:
    case key_pad_enter: return character('\r');
    case key_space: return character(' ');
    case key_pad_multiply: return character('*');
    case key_pad_divide: return character('/');
    case key_other: return character(shift_ != 0 ? '>' : '<');
    default: break;
  }
  if (key >= key_pad_7 && key <= key_pad_point) {
    const bool is_sign = key == key_pad_minus || key == key_pad_plus;
    if (is_sign || num_lock_ != (shift_ != 0)) return character(pad[key - key_pad_7]);
    // Without Num Lock they are the cursor keys; in the middle there is none.
    return sequence(sequence_of(key | 0x80));
  }
  if (const std::string_view text = sequence_of(key); !text.empty()) return sequence(text);
  if (key >= lower.size() || lower[key] == ' ') return;
  const bool shifted = (shift_ != 0) != (caps_lock_ && is_letter(lower[key]));
  character(shifted ? upper[key] : lower[key]);
}

void Keymap::character(char c) {
  if (alt_ != 0 && c != '\x1b') put('\x1b');
  const bool has_control = (c >= '@' && c <= '_') || (c >= 'a' && c <= 'z');
  if (control_ != 0 && has_control) c = static_cast<char>(c & 0x1f);
  else if (control_ != 0 && c == '/') c = 0x1f;
  put(c);
}

void Keymap::sequence(std::string_view text) {
  if (text.empty()) return;
  put('\x1b');
  for (const char c : text) put(c);
}

}  // namespace keyboard
