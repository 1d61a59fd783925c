// SPDX-License-Identifier: MIT
// The root server's memory: what sigma0 has is taken in pieces as it is needed, mapped one
// to one, and given out by blocks of frames.
#pragma once

#include "frames.h"

namespace root {

class Memory {
 public:
  // Finds out what there is. False: not even enough for the notes.
  [[nodiscard]] bool init();

  // A cleared block; none if no memory is left.
  std::optional<Address> allocate(unsigned order, Owner owner);
  // Takes the block out of all spaces but this one, and back.
  void free(Address address, unsigned order);
  void free_all(Owner owner);

  Frames& frames() { return frames_; }
  // Pages: all there are, and those not given out.
  l4::Word total() const { return known_pages_; }
  l4::Word free_pages() const { return known_pages_ - frames_.total() + frames_.free_pages(); }

 private:
  struct Range {
    Address low, high;  // what sigma0 may still have
  };

  void find_ranges(const void* kip, l4::Word descriptor, Address low, Address high);
  Address claim_notes(l4::Word bytes);
  bool grow();

  Frames frames_;
  std::array<Range, 64> ranges_{};
  unsigned range_count_ = 0;
  l4::Word known_pages_ = 0;
};

extern Memory memory;

// Fills it with zeros; whole words.
void clear(Address address, l4::Word bytes);

// Owners of frames: a task's own, and what an incarnation leaves to the next.
inline Owner owner_of(l4::Word task_index) { return static_cast<Owner>(task_index); }
inline Owner estate_of(l4::Word task_index) { return static_cast<Owner>(task_index + Frames::owners / 2); }

}  // namespace root
