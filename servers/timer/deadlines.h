// SPDX-License-Identifier: MIT
// What is to come, the earliest first: a heap of deadlines that lie elsewhere and know their
// place in it, so that each of them can be taken out again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace timer {

struct Deadline {
  static constexpr unsigned nowhere = ~0u;
  std::uint64_t at = 0;      // microseconds; not to be changed while it is pending
  unsigned place = nowhere;  // in the heap
  bool pending() const { return place != nowhere; }
};

template <std::size_t capacity>
class Deadlines {
 public:
  // The earliest; null if there is none.
  Deadline* first() const { return size_ == 0 ? nullptr : heap_[0]; }
  std::size_t size() const { return size_; }

  // There must be room, and it must not be pending.
  void add(Deadline& deadline) {
    put(size_++, deadline);
    rise(deadline);
  }
  void remove(Deadline& deadline) {
    if (!deadline.pending()) return;
    const unsigned gap = deadline.place;
    deadline.place = Deadline::nowhere;
    Deadline& last = *heap_[--size_];
    if (&last == &deadline) return;
    put(gap, last);
    rise(last);
    sink(last);
  }

 private:
  void put(std::size_t place, Deadline& deadline) {
    heap_[place] = &deadline;
    deadline.place = static_cast<unsigned>(place);
  }
  void rise(Deadline& deadline) {
    while (deadline.place > 0) {
      Deadline& above = *heap_[(deadline.place - 1) / 2];
      if (above.at <= deadline.at) return;
      exchange(above, deadline);
    }
  }
  void sink(Deadline& deadline) {
    for (;;) {
      std::size_t below = std::size_t{2} * deadline.place + 1;
      if (below >= size_) return;
      if (below + 1 < size_ && heap_[below + 1]->at < heap_[below]->at) ++below;
      if (deadline.at <= heap_[below]->at) return;
      exchange(deadline, *heap_[below]);
    }
  }
  void exchange(Deadline& upper, Deadline& lower) {
    const unsigned high = upper.place, low = lower.place;
    put(high, lower);
    put(low, upper);
  }

  std::array<Deadline*, capacity> heap_{};
  std::size_t size_ = 0;
};

}  // namespace timer
