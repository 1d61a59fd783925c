// SPDX-License-Identifier: MIT
// The buffers of a disk's clients, each a dataspace of pinned memory. One whose owner has dropped it
// or has ended stays until the device has done its last request with it. Pure.
#pragma once

#include <array>
#include <optional>

#include <mica/task.h>

namespace virtio {

using mica::TaskId;
using mica::Word;

struct Buffer {
  TaskId owner;     // none: the place is free
  Word handle = 0;  // of the driver, at the pager
  Word physical = 0, bytes = 0;
  unsigned in_use = 0;  // requests under way
  bool dropped = false;
};

class Buffers {
 public:
  static constexpr unsigned most = 128, most_per_task = 4;

  // A place for one more of the task's. None: it has all that it may, or there is no place.
  std::optional<unsigned> place_for(TaskId owner) const {
    unsigned own = 0;
    std::optional<unsigned> free;
    for (unsigned n = 0; n < most; ++n) {
      own += buffers_[n].owner == owner && !buffers_[n].dropped ? 1u : 0u;
      if (buffers_[n].owner.is_none() && !free) free = n;
    }
    return own < most_per_task ? free : std::nullopt;
  }

  Buffer& at(unsigned n) { return buffers_[n]; }

  // The task's own; null if it has none of this number.
  [[gnu::always_inline]] Buffer* find(Word n, TaskId owner) {
    return n < most && buffers_[n].owner == owner && !buffers_[n].dropped ? &buffers_[n] : nullptr;
  }

  // Can the buffer go? `close(handle)` is called when nobody needs it any more.
  template <typename Close>
  void drop(unsigned n, Close&& close) {
    buffers_[n].dropped = true;
    settle(n, close);
  }
  template <typename Close>
  void drop_all(TaskId owner, Close&& close) {
    for (unsigned n = 0; n < most; ++n) {
      if (buffers_[n].owner == owner) drop(n, close);
    }
  }
  template <typename Close>
  [[gnu::always_inline]] void done(unsigned n, Close&& close) {
    --buffers_[n].in_use;
    if (buffers_[n].dropped) [[unlikely]]
      settle(n, close);
  }

 private:
  template <typename Close>
  void settle(unsigned n, Close&& close) {
    if (buffers_[n].in_use != 0) return;
    close(buffers_[n].handle);
    buffers_[n] = {};
  }

  std::array<Buffer, most> buffers_{};
};

}  // namespace virtio
