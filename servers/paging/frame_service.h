// SPDX-License-Identifier: MIT
// A pager whose pages lie in frames of its own. Beside what service.h asks for it has
//
//   Blocks blocks()   the notes of its blocks
//   bool make_room()  nothing is free and the quota is used up: true if that has changed
#pragma once

#include "memory.h"
#include "service.h"

namespace paging {

template <typename Pager>
class FrameService : public Service<Pager> {
 public:
  bool make_room() { return this->sweep(); }

  // With so many bytes taken at once.
  void begin(Word bytes) {
    frames_ = Frames(frames_window);
    reserve(frames_, self().blocks(), bytes);
  }

 protected:
  // A frame filled with zeros; 0: there is no memory.
  [[gnu::always_inline]] Frame take() {
    const Frame frame = frames_.take();
    return frame != 0 ? frame : take_more();
  }

  // The entry of a page in its dataspace's table; null: no frame is left for the table.
  [[gnu::always_inline]] Frame* entry_of(const Spaces::Page& page) {
    Space& space = self().spaces().at(page.space);
    Frame* const entry = find_entry(frames_, space.root, page.number);
    if (entry != nullptr) [[likely]] return entry;
    return make_entry(frames_, space.root, page.number, [this] { return take(); });
  }

  // The frame disappears from all spaces and is free.
  void reclaim(Frame frame) {
    unmap(frames_.address(frame));
    frames_.give(frame);
  }

  // The dataspace is no more: give_back(page, entry) for each entry that is not 0.
  template <typename GiveBack>
  void drop_pages(unsigned number, GiveBack&& give_back) {
    Frame root = self().spaces().at(number).root;
    self().spaces().at(number) = {};
    for_each_entry(frames_, root, give_back);
    drop_tables(frames_, root, [this](Frame frame) { frames_.give(frame); });
  }

  Frames frames_;

 private:
  Pager& self() { return static_cast<Pager&>(*this); }

  [[gnu::noinline, gnu::cold]] Frame take_more() {
    if (!grow(frames_, self().blocks())) (void)self().make_room();
    return frames_.take();
  }
};

}  // namespace paging
