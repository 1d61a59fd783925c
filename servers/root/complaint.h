// SPDX-License-Identifier: MIT
// What is wrong with a text that somebody has written: sentences of fixed size, each with the
// line that it is about. They are put together without allocation.
#pragma once

#include <initializer_list>
#include <string_view>

#include <ukernel/boot/fixed_vector.h>

namespace root {

using Word = unsigned long;

struct Complaint {
  unsigned line;   // from 1 on
  char text[200];  // NUL-terminated; a longer sentence is cut off
};

// A part of a sentence.
struct Part {
  enum class Kind { plain, quoted, decimal, hexadecimal };

  constexpr Part(std::string_view t) : text(t) {}
  constexpr Part(const char* t) : text(t) {}
  constexpr Part(Word n) : kind(Kind::decimal), number(n) {}
  constexpr Part(Kind k, std::string_view t, Word n) : kind(k), text(t), number(n) {}

  Kind kind = Kind::plain;
  std::string_view text;
  Word number = 0;
};

// Somebody else's words: in quotes, printable, and not too long.
constexpr Part quoted(std::string_view text) { return {Part::Kind::quoted, text, 0}; }
constexpr Part hex(Word number) { return {Part::Kind::hexadecimal, {}, number}; }

class Complaints {
 public:
  using Parts = std::initializer_list<Part>;
  static constexpr std::size_t capacity = 32;

  // Keeps the order of lines. What comes when there is no more room is lost.
  void add(unsigned line, Parts parts, Parts more = {});

  void clear() { all_.clear(); }
  bool empty() const { return all_.empty(); }
  bool full() const { return all_.full(); }
  std::size_t size() const { return all_.size(); }
  const Complaint& operator[](std::size_t n) const { return all_[n]; }
  const Complaint* begin() const { return all_.begin(); }
  const Complaint* end() const { return all_.end(); }

 private:
  mica::FixedVector<Complaint, capacity> all_;
};

}  // namespace root
