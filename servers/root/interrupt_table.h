// SPDX-License-Identifier: MIT
// Which thread handles which interrupt. Pure.
#pragma once

#include <mica/root.h>
#include <ukernel/boot/fixed_vector.h>

namespace root {

using mica::Error;
using mica::Result;
using mica::TaskId;
using mica::Word;

class InterruptTable {
 public:
  enum class Kind : std::uint8_t { line, message };
  struct Entry {
    Word number;
    l4::ThreadId handler;
    Kind kind;
    TaskId task() const { return TaskId::of(handler); }
  };

  // May a thread of the task handle it from now on? Errors: busy (another task's), no_room.
  Result<void> check(Word number, TaskId task) const {
    const Entry* const entry = find(number);
    if (entry != nullptr && entry->task() != task) return Error::busy;
    if (entry == nullptr && entries_.full()) return Error::no_room;
    return {};
  }
  // After check.
  void set(Word number, l4::ThreadId handler, Kind kind) {
    for (Entry& entry : entries_) {
      if (entry.number == number) return void(entry.handler = handler);
    }
    entries_.push({number, handler, kind});
  }
  bool has(Word number) const { return find(number) != nullptr; }
  bool full() const { return entries_.full(); }

  Word messages(TaskId task) const {
    Word n = 0;
    for (const Entry& entry : entries_) n += entry.kind == Kind::message && entry.task() == task ? 1u : 0u;
    return n;
  }

  // Takes away what is(handler) holds for: detach(number) for each.
  template <typename Is, typename Detach>
  void remove_if(Is&& is, Detach&& detach) {
    for (std::size_t i = entries_.size(); i-- > 0;) {
      if (!is(entries_[i].handler)) continue;
      detach(entries_[i].number);
      entries_.remove(i);
    }
  }

  Result<mica::InterruptInfo> info(Word n) const {
    if (n >= entries_.size()) return Error::not_found;
    return mica::InterruptInfo{entries_[n].number, entries_[n].handler};
  }

 private:
  const Entry* find(Word number) const {
    for (const Entry& entry : entries_) {
      if (entry.number == number) return &entry;
    }
    return nullptr;
  }

  mica::FixedVector<Entry, 64> entries_;
};

}  // namespace root
