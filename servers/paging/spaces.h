// SPDX-License-Identifier: MIT
// A pager's dataspaces and who has handles to them. Plain data without pointers, so that it
// may lie in memory that outlives the pager; what a pager does with pages is its own.
//
// A dataspace lives as long as there are handles to it.
#pragma once

#include "handles.h"
#include "page_table.h"

namespace paging {

struct Space {
  std::uint32_t pages = 0;
  Frame root = 0;             // of its page table
  std::uint16_t handles = 0;  // 0: the place is free
};

class Spaces {
 public:
  static constexpr unsigned most = 256;
  using Place = Handles::Place;

  struct Page {
    unsigned space;     // number
    Word number;        // of the page
    l4::Rights rights;  // that it may be mapped with
  };

  Space& at(unsigned number) { return spaces_[number]; }
  Handles& handles() { return handles_; }

  // A new dataspace with a handle for the client. Errors: bad_argument, no_room.
  Result<Word> create(Place client, Word bytes, Word rights = data_rights) {
    const Word pages = bytes / page_size + (bytes % page_size != 0 ? 1 : 0);
    if (pages == 0 || pages > most_pages) return Error::bad_argument;
    for (unsigned number = 1; number < most; ++number) {
      if (spaces_[number].handles != 0) continue;
      spaces_[number] = {static_cast<std::uint32_t>(pages), 0, 1};
      const Result<Word> handle = handles_.add(client, handle_for(number, rights));
      if (!handle) spaces_[number] = {};
      return handle;
    }
    return Error::no_room;
  }

  // Which page a request is for. Errors: not_found, bad_argument, denied.
  [[gnu::always_inline]] Result<Page> find(Place client, Word handle, Word offset, Word rights, Word more) const {
    const Handle* const found = handles_.find(client, handle);
    if (found == nullptr) [[unlikely]] return Error::not_found;
    if (offset / page_size >= spaces_[found->space].pages) [[unlikely]] return Error::bad_argument;
    if (rights == 0 || (rights & ~Word{found->rights}) != 0) [[unlikely]] return Error::denied;
    return Page{found->space, offset / page_size, {rights | (more & found->rights)}};
  }

  // The number of the dataspace that a handle is for. not_found.
  Result<unsigned> find(Place client, Word handle) const {
    const Handle* const found = handles_.find(client, handle);
    if (found == nullptr) return Error::not_found;
    return unsigned{found->space};
  }

  // One more handle of a dataspace. no_room.
  Result<Word> add(Place client, unsigned number, Word rights) {
    const Result<Word> added = handles_.add(client, handle_for(number, rights));
    if (added) ++spaces_[number].handles;
    return added;
  }

  Result<Word> share(Place client, Word handle, Place with, Word rights) {
    const Handle* const found = handles_.find(client, handle);
    if (found == nullptr) return Error::not_found;
    return add(with, found->space, rights & found->rights);
  }

  // One handle of the dataspace less. True: it was the last one, and the pages are to go.
  bool release(unsigned number) { return --spaces_[number].handles == 0; }

  // After a restart: handles that make no sense go, the rest are counted again.
  void validate() {
    for (Space& space : spaces_) space.handles = 0;
    handles_.for_each([this](Handle& handle) {
      const bool sound = handle.space < most && (handle.rights & ~data_rights) == 0;
      const Word pages = sound ? spaces_[handle.space].pages : 0;
      if (pages == 0 || pages > most_pages) handle = {};
      else ++spaces_[handle.space].handles;
    });
    for (Space& space : spaces_) {
      if (space.handles == 0) space = {};
    }
  }

 private:
  static constexpr Handle handle_for(unsigned number, Word rights) {
    return {static_cast<std::uint16_t>(number), static_cast<std::uint16_t>(rights)};
  }

  std::array<Space, most> spaces_{};  // entry 0 stays free
  Handles handles_;
};

}  // namespace paging
