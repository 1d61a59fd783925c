// SPDX-License-Identifier: MIT
// How many frames each client of a pager is charged for, so that none takes all: the frames of a
// dataspace, its tables among them, are charged to one of those who have handles to it, at first
// to the one who made it. Pure.
#pragma once

#include "spaces.h"

namespace paging {

class Shares {
 public:
  // At most so many frames for each.
  void set_limit(Word frames) { limit_ = frames; }

  // The dataspace is the client's, with all the frames that it has. One that was another's may
  // bring the client above the limit: it gets no more then.
  void give(unsigned space, Handles::Place client) {
    charged_[owners_[space]] -= frames_[space];
    charged_[client] += frames_[space];
    owners_[space] = client;
  }
  Handles::Place owner(unsigned space) const { return owners_[space]; }

  // One frame more. False: the client has what it may have.
  [[nodiscard, gnu::always_inline]] bool charge(unsigned space) {
    std::uint32_t& charged = charged_[owners_[space]];
    if (charged >= limit_) [[unlikely]]
      return false;
    ++charged;
    ++frames_[space];
    return true;
  }
  // Some that it has not got, or has had before a restart.
  void take_back(unsigned space) { --charged_[owners_[space]], --frames_[space]; }
  void note(unsigned space, std::uint32_t frames) {
    charged_[owners_[space]] += frames, frames_[space] += frames;
  }

  // The dataspace is no more, and its frames are free.
  void end(unsigned space) {
    charged_[owners_[space]] -= frames_[space];
    frames_[space] = 0;
    owners_[space] = 0;
  }
  Word charged(Handles::Place client) const { return charged_[client]; }

 private:
  Word limit_ = ~Word{0};
  std::array<std::uint32_t, Handles::most_clients + 1> charged_{};  // of each client; 0: nobody
  std::array<std::uint32_t, Spaces::most> frames_{};                // of each dataspace
  std::array<Handles::Place, Spaces::most> owners_{};
};

}  // namespace paging
