// SPDX-License-Identifier: MIT
// Characters on their way: a queue of fixed size.
#pragma once

#include <array>
#include <cstddef>

namespace serial {

template <std::size_t N>
class Ring {
  static_assert((N & (N - 1)) == 0);

 public:
  bool push(char c) {
    if (full()) return false;
    text_[in_++ % N] = c;
    return true;
  }
  char pop() { return text_[out_++ % N]; }
  bool empty() const { return in_ == out_; }
  bool full() const { return in_ - out_ == N; }
  std::size_t size() const { return in_ - out_; }
  std::size_t room() const { return N - size(); }

 private:
  std::array<char, N> text_{};
  std::size_t in_ = 0, out_ = 0;
};

}  // namespace serial
