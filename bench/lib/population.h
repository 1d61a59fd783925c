// SPDX-License-Identifier: MIT
// Many spaces, each with four threads and as many mappings as one flexpage has pages,
// and a way to count the kernel memory that is free, from outside of the kernel. For a
// program in a privileged space; nothing here needs more than the caller's thread.
//
// The spaces run no code. The first thread of each is started where nothing is mapped;
// its page fault is answered with a flexpage, without the right to execute, so it faults
// again and waits for ever at its pager, the caller.
//
//      0x200000  kernel interface page       all under one page table: a space takes
//      0x201000  four UTCBs, one page        as little as a space with something
//      0x300000  the flexpage, up to 1 MiB   in it can
#pragma once

#include <l4/l4.hpp>

namespace bench {

class Population {
 public:
  static constexpr unsigned threads_a_space = 4;
  static constexpr l4::Word frame_bytes = 4096;

  // Threads get the numbers from `first_number` on, which nobody has: those of one space
  // are `spaces` apart, so that the TCBs of the first ones fill frames of their own.
  Population(l4::Word first_number, unsigned spaces) : first_(first_number), wanted_(spaces) {}

  // Each does its part for all spaces; false: it was refused, L4_ErrorCode() says why.
  // Spaces have areas and one active thread; the others follow.
  [[nodiscard]] bool make_spaces();
  [[nodiscard]] bool make_threads();
  // Pages of the caller's, at most 1 MiB of them.
  [[nodiscard]] bool map(l4::Fpage pages);
  // Ends all that is there; false: a thread could not be deleted.
  [[nodiscard]] bool end();

  unsigned spaces() const { return spaces_; }

 private:
  l4::ThreadId thread(unsigned space, unsigned n) const {
    return l4::ThreadId::global(first_ + n * wanted_ + space, 1);
  }

  l4::Word first_;
  unsigned wanted_, spaces_ = 0, threads_each_ = 0;
};

// The kernel frames that are free, exactly: takes all of them and gives them back.
//
// A thread without pager in a space of its own takes two frames (the space, its root
// table) and a TCB; eight TCBs share a frame. When no further space can be made, the
// TCBs that still fit say what is left. They take the numbers from `first_number`, a
// multiple of 8, on. 0: something failed for another reason than lack of memory.
l4::Word count_free_frames(l4::Word first_number);

// The kernel keeps page tables for thread numbers that were once used. This uses one
// number under each, so that they are there and count no more.
[[nodiscard]] bool use_all_thread_numbers();

}  // namespace bench
