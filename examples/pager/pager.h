// SPDX-License-Identifier: MIT
// A user-level pager. When a thread touches a page that its space does not have,
// the kernel sends in its name a message to its pager: where it touched, what it
// was about to do, and which instruction it was at. The pager answers with a
// mapping of one of its own pages, and the thread, which notices nothing,
// tries the instruction again. That is all there is to virtual memory: what a
// page contains, and when it is there, is decided by a program.
#pragma once

#include <span>

#include <l4/l4.hpp>
#include <l4/pagefault.h>

namespace pager {

// `size` bytes that clients see at `seen`, and that lie in the pager's space at `here`.
struct Region {
  l4::Word seen, size, here;
  l4::Rights rights;

  bool has(l4::Word address) const { return address - seen < size; }
};

class Pager {
 public:
  explicit Pager(std::span<const Region> regions) : regions_(regions) {}

  // The region of an address; nullptr if it is nobody's.
  const Region* find(l4::Word address) const {
    for (const Region& region : regions_) {
      if (region.has(address)) return &region;
    }
    return nullptr;
  }

  // Turns the page fault in `message` into its answer. False if the thread has no
  // business there: then it is best left where it is, waiting for an answer.
  bool answer(l4::Words& message) const {
    const l4::Word address = message[1];
    const l4::Rights access{L4_PageFaultAccess({.raw = message[0]})};
    const Region* const region = find(address);
    if (region == nullptr || !region->rights.has(access)) return false;
    // "My page at `here` shall appear to you around the address that you touched."
    const l4::Fpage page = l4::Fpage::page(region->here + (address - region->seen), region->rights);
    const L4_MapItem_t item = L4_MapItem(page, address);
    message.set_tag(l4::Tag::make(0, 0, 2));
    message[1] = item.raw[0];
    message[2] = item.raw[1];
    return true;
  }

  // Answers faults, the first one being in `message`, until something else arrives,
  // which is left in `message`. The result is its sender.
  l4::ThreadId serve(l4::ThreadId client, l4::Words& message) const {
    while (L4_IsPageFault({.raw = message[0]})) {
      client = answer(message) ? l4::reply_and_wait_words(client, message) : l4::wait_words(message);
    }
    return client;
  }

 private:
  std::span<const Region> regions_;
};

}  // namespace pager
