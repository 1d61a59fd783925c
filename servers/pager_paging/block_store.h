// SPDX-License-Identifier: MIT
// A store on a disk: all of it, a page after the other. A page goes through a buffer of the driver's;
// a driver that was restarted is found again, and the page is moved once more.
#pragma once

#include <mica/block_client.h>

#include "backing_store.h"

namespace paging {

class BlockStore {
 public:
  constexpr BlockStore() = default;

  // The disk of that name. Errors: as BlockClient::open; denied: it can only be read.
  mica::Error init(std::string_view name) {
    disk_ = mica::BlockClient(name, window, page_size);
    if (const auto opened = disk_.open(); !opened) return opened.error();
    const auto info = disk_.info();
    if (!info) return info.error();
    if (info->writable == 0) return mica::Error::denied;
    slots_ = info->sectors / sectors;
    return mica::Error::none;
  }

  Word slots() const { return slots_; }

  mica::Error write(Word slot, Word address) {
    copy_page(window, address);
    return disk_.write(slot * sectors, sectors).error();
  }

  mica::Error read(Word slot, Word address) {
    const mica::Error error = disk_.read(slot * sectors, sectors).error();
    if (error == mica::Error::none) copy_page(address, window);
    return error;
  }

 private:
  static constexpr Word window = Word{1} << 43, sectors = page_size / mica::Block::sector_bytes;

  mica::BlockClient disk_{std::string_view{}, window, page_size};
  Word slots_ = 0;
};

static_assert(BackingStore<BlockStore>);

}  // namespace paging
