// SPDX-License-Identifier: MIT
// What one client of a copy-on-write pager has: of each page either the original, which all
// clients see and nobody may write, or a copy of its own, made when it first wrote there.
#pragma once

#include <array>
#include <cstring>

#include <l4/l4.hpp>

namespace copy_on_write {

inline constexpr l4::Word page_size = 0x1000, max_pages = 64;

// Frames for copies: a block of the pager's memory, taken from below.
class FrameStore {
 public:
  FrameStore(l4::Word start, l4::Word bytes) : next_(start), end_(start + bytes) {}
  // The address of a frame that nobody has; 0 if there is none.
  l4::Word take() {
    if (next_ == end_) return 0;
    next_ += page_size;
    return next_ - page_size;
  }

 private:
  l4::Word next_, end_;
};

class View {
 public:
  // The pages from `start` on; those from `writable` on may be written.
  View(l4::Word start, l4::Word writable, l4::Word end) : start_(start), writable_(writable), end_(end) {}

  // The page that answers a fault at the address, with its rights; nil if the access is not allowed
  // or there is no frame for a copy.
  l4::Fpage page_for(l4::Word address, l4::Rights access, FrameStore& frames) {
    if (address < start_ || address >= end_) return l4::Fpage::nil();
    const l4::Word original = address & ~(page_size - 1);
    l4::Word& copy = copies_[(original - start_) / page_size];
    if (access == l4::write && copy == 0) {
      if (address < writable_) return l4::Fpage::nil();
      copy = frames.take();
      if (copy == 0) return l4::Fpage::nil();
      std::memcpy(reinterpret_cast<void*>(copy), reinterpret_cast<const void*>(original), page_size);
      ++copied_;
    }
    if (copy != 0) return l4::Fpage::page(copy, l4::read_write);
    return l4::Fpage::page(original, address < writable_ ? l4::read_execute : l4::read);
  }

  l4::Word copied() const { return copied_; }

 private:
  l4::Word start_, writable_, end_;
  std::array<l4::Word, max_pages> copies_{};  // by page: the frame of the copy, 0 for the original
  l4::Word copied_ = 0;
};

}  // namespace copy_on_write
