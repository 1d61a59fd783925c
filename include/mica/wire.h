// SPDX-License-Identifier: MIT
// How values lie in a message: the layout behind rpc.h. Values are trivially copyable and
// take whole words, in order, from message register 1 on; a Text takes one word for its
// length and the words of its characters, at its real length. What is known when the
// program is compiled stays in the registers in which the message travels.
#pragma once

#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "result.h"

namespace mica {

inline constexpr unsigned message_words = 63;

namespace wire {

// Up to seven characters as a word, and back.
inline Word word_of(const char* chars, std::size_t n) {
  Word word = 0;
  while (n-- > 0) word = word << 8 | static_cast<unsigned char>(chars[n]);
  return word;
}
inline void put_chars(char* chars, Word word, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i, word >>= 8) chars[i] = static_cast<char>(word);
}

// By words: a call of memcpy would cost more than the few that a text has.
inline void copy_chars(char* to, const char* from, std::size_t n) {
  for (; n >= 8; n -= 8, to += 8, from += 8) __builtin_memcpy(to, from, 8);
  put_chars(to, word_of(from, n), n);
}

}  // namespace wire

// Up to N characters by value. N is up to 480, less what goes with it in the message.
template <unsigned N>
class Text {
 public:
  static constexpr unsigned capacity = N;
  constexpr Text() = default;
  // Longer text is cut off.
  constexpr Text(std::string_view text) { assign(text); }
  constexpr Text(const char* text) { assign(text); }
  constexpr void assign(std::string_view text) {
    size_ = text.size() < N ? static_cast<unsigned>(text.size()) : N;
    if (std::is_constant_evaluated()) {
      for (unsigned i = 0; i < size_; ++i) chars_[i] = text[i];
    } else {
      wire::copy_chars(chars_, text.data(), size_);
    }
  }
  constexpr std::string_view view() const { return {chars_, size_}; }
  constexpr operator std::string_view() const { return view(); }
  constexpr unsigned size() const { return size_; }
  constexpr const char* data() const { return chars_; }
  constexpr char* data() { return chars_; }
  constexpr void resize(unsigned size) { size_ = size < N ? size : N; }

 private:
  unsigned size_ = 0;
  char chars_[N] = {};
};

// In the place of a result: the pages that the server maps into the window that the
// caller has opened (rpc.h). In a server's handler: what it maps.
struct Map {
  l4::Fpage page;     // of the server, with rights
  Word base = 0;      // where in the caller's window, for a window larger than the page
  bool grant = false;
};

namespace wire {

template <typename T>
struct IsText : std::false_type {};
template <unsigned N>
struct IsText<Text<N>> : std::true_type {};
template <typename T>
inline constexpr bool is_text = IsText<std::remove_cvref_t<T>>::value;

template <typename T>
inline constexpr unsigned fixed_words =
    is_text<T> || std::is_same_v<T, Map> ? 0 : static_cast<unsigned>((sizeof(T) + 7) / 8);

// A place in a message, registers and UTCB taken together.
struct Cursor {
  l4::Words& m;
  unsigned at = 1;

  [[gnu::always_inline]] void put_word(Word w) {
    if (at < 8) m[at] = w;
    else l4_utcb()[at] = w;
    ++at;
  }
  [[gnu::always_inline]] Word take_word() {
    const Word w = at < 8 ? m[at] : l4_utcb()[at];
    ++at;
    return w;
  }

  template <typename T>
  [[gnu::always_inline]] void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>, "a value of a message is copied as bytes");
    if constexpr (is_text<T>) {
      put_text(value.view());
    } else if constexpr (sizeof(T) == 8) {
      put_word(__builtin_bit_cast(Word, value));
    } else {
      Word words[fixed_words<T>] = {};
      __builtin_memcpy(words, &value, sizeof(T));
#pragma GCC unroll 8
      for (const Word w : words) put_word(w);
    }
  }
  void put_text(std::string_view text) {
    put_word(text.size());
    const char* from = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, from += 8) {
      Word w;
      __builtin_memcpy(&w, from, 8);
      put_word(w);
    }
    if (left > 0) put_word(word_of(from, left));
  }

  // False if the message, which ends before word `end`, has not all of it.
  template <typename T>
  [[gnu::always_inline]] bool take(T& value, unsigned end) {
    if constexpr (is_text<T>) {
      return take_text(value, end);
    } else if constexpr (sizeof(T) == 8) {
      if (at >= end) return false;
      value = __builtin_bit_cast(T, take_word());
      return true;
    } else {
      if (at + fixed_words<T> > end) return false;
      Word words[fixed_words<T>];
#pragma GCC unroll 8
      for (Word& w : words) w = take_word();
      __builtin_memcpy(&value, words, sizeof(T));
      return true;
    }
  }
  template <unsigned N>
  bool take_text(Text<N>& text, unsigned end) {
    if (at >= end) return false;
    const Word size = take_word();
    if (size > N || at + (size + 7) / 8 > end) return false;
    text.resize(static_cast<unsigned>(size));
    char* to = text.data();
    std::size_t left = size;
    for (; left >= 8; left -= 8, to += 8) {
      const Word w = take_word();
      __builtin_memcpy(to, &w, 8);
    }
    if (left > 0) put_chars(to, take_word(), left);
    return true;
  }
};

}  // namespace wire
}  // namespace mica
