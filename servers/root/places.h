// SPDX-License-Identifier: MIT
// The places of tasks: who lives there, and whose end there is still to be told. A child's end is
// kept until its parent has asked for it or has ended itself; when places are wanted, those
// whose parents have not asked for the longest give way, first the parent's own that wants one.
// Pure.
#pragma once

#include <array>
#include <optional>

#include <mica/task.h>

namespace root {

using Word = l4::Word;

template <Word capacity>
class Places {
 public:
  // The first places are those of the manifest's tasks, for ever.
  void reserve(Word count) { reserved_ = count; }
  bool is_reserved(Word place) const { return place < reserved_; }

  // A place for a child of the task, which lives there from now on. None: all are those of
  // living tasks.
  std::optional<Word> take(mica::TaskId parent) {
    std::optional<Word> found;
    for (Word i = reserved_; i < capacity; ++i) {
      if (notes_[i].state != State::living && (!found || gives_way_before(i, *found, parent))) found = i;
    }
    if (found) notes_[*found] = {State::living, parent, 0};
    return found;
  }
  // The child has not come to life, or its end has been told, or nobody will ask for it.
  void free(Word place) { notes_[place] = {}; }

  // It has ended. Its parent keeps the ends of so many children, the newest.
  void end(Word place, Word most) {
    notes_[place].state = State::ended;
    notes_[place].order = ++ends_;
    Word kept = 0, oldest = place;
    for (Word i = reserved_; i < capacity; ++i) {
      if (notes_[i].state != State::ended || notes_[i].parent != notes_[place].parent) continue;
      ++kept;
      if (notes_[i].order < notes_[oldest].order) oldest = i;
    }
    if (kept > most) notes_[oldest] = {};
  }
  bool has_end(Word place) const { return notes_[place].state == State::ended; }
  // The ends of all children of a task that has ended are nobody's.
  void forget_children(mica::TaskId parent) {
    for (Word i = reserved_; i < capacity; ++i) {
      if (notes_[i].state == State::ended && notes_[i].parent == parent) notes_[i] = {};
    }
  }

 private:
  enum class State : std::uint8_t { free, ended, living };
  struct Note {
    State state = State::free;
    mica::TaskId parent;
    Word order = 0;  // of ends
  };

  bool gives_way_before(Word a, Word b, mica::TaskId parent) const {
    const Note &one = notes_[a], &other = notes_[b];
    if (one.state != other.state) return one.state == State::free;
    if (one.state == State::free) return false;
    const bool own = one.parent == parent, other_own = other.parent == parent;
    return own != other_own ? own : one.order < other.order;
  }

  std::array<Note, capacity> notes_{};
  Word reserved_ = 0, ends_ = 0;
};

}  // namespace root
