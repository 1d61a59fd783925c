// SPDX-License-Identifier: MIT
// An array that knows how much of it is used.
#pragma once

#include <array>
#include <span>

#include "../types.h"

namespace mica {

template <class T, std::size_t N>
class FixedVector {
 public:
  static constexpr std::size_t capacity = N;

  // False when it is full.
  constexpr bool push(const T& item) {
    if (count_ == N) return false;
    items_[count_++] = item;
    return true;
  }
  constexpr void remove(std::size_t index) { items_[index] = items_[--count_]; }
  constexpr void clear() { count_ = 0; }
  constexpr std::size_t size() const { return count_; }
  constexpr bool empty() const { return count_ == 0; }
  constexpr bool full() const { return count_ == N; }
  constexpr T& operator[](std::size_t index) { return items_[index]; }
  constexpr const T& operator[](std::size_t index) const { return items_[index]; }
  constexpr T* begin() { return items_.data(); }
  constexpr T* end() { return items_.data() + count_; }
  constexpr const T* begin() const { return items_.data(); }
  constexpr const T* end() const { return items_.data() + count_; }
  constexpr std::span<const T> view() const { return {items_.data(), count_}; }

 private:
  std::array<T, N> items_{};
  std::size_t count_ = 0;
};

}  // namespace mica
