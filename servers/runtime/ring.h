// SPDX-License-Identifier: MIT
// A queue of fixed size.
#pragma once

#include <array>
#include <cstddef>

namespace runtime {

template <typename T, std::size_t N>
class Ring {
  static_assert((N & (N - 1)) == 0);

 public:
  bool push(const T& value) {
    if (full()) return false;
    values_[in_++ % N] = value;
    return true;
  }
  // Of a ring that is not empty.
  T& front() { return values_[out_ % N]; }
  T pop() { return values_[out_++ % N]; }
  // From the front on.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (std::size_t i = out_; i != in_; ++i) visit(values_[i % N]);
  }
  bool empty() const { return in_ == out_; }
  bool full() const { return in_ - out_ == N; }

 private:
  std::array<T, N> values_{};
  std::size_t in_ = 0, out_ = 0;
};

}  // namespace runtime
