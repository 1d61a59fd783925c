// SPDX-License-Identifier: MIT
// The paging pager: more memory than it has frames. When no frame is left, a page that was not
// used for long goes to the store. An error of the store is one for the client whose page it is
// about, or who needs the room.
#pragma once

#include <paging/frame_service.h>
#include <runtime/program.h>

#include "backing_store.h"
#include "eviction.h"

namespace paging {

struct PagingInterface {
  static constexpr long id = Dataspace::id;
  using Operations = mica::Operations<Dataspace::map, Dataspace::create, Dataspace::size, Dataspace::share,
                                      Dataspace::close>;
};

template <BackingStore Store>
class Pager : public FrameService<Pager<Store>> {
 public:
  using Interface = PagingInterface;
  using Base = FrameService<Pager>;
  using Client = typename Base::Client;
  using Base::handle;

  Store& store() { return store_; }
  void init() {
    slots_.init(store_.slots());
    this->begin(0);
  }

  Result<Word> handle(Dataspace::create, Client& client, Word bytes) { return this->create(client, bytes); }

  Result<mica::Map> handle(Dataspace::map, Client& client, Word handle, Word offset, Word rights, Word more) {
    const auto place = this->place_of(client);
    if (!place) return place.error();
    const auto page = spaces_.find(*place, handle, offset, rights, more);
    if (!page) return page.error();
    Frame* const entry = this->entry_of(*page);
    if (entry == nullptr) return Error::no_memory;
    if (*entry == 0 || Entry::is_slot(*entry)) {
      const Error error = bring_in(*entry);
      if (error != Error::none) return error;
      clock_.set(*entry, *page);
    }
    return mica::Map{l4::Fpage::page(this->frames_.address(*entry), page->rights)};
  }

  Spaces& spaces() { return spaces_; }
  Blocks blocks() { return Blocks(blocks_); }

  void drop(unsigned number) {
    this->drop_pages(number, [this](Word, Frame entry) {
      if (Entry::is_slot(entry)) return slots_.give(Entry::slot(entry));
      clock_.clear(entry);
      this->reclaim(entry);
    });
  }

  bool make_room() { return this->sweep() || evict(); }

 private:
  Error bring_in(Frame& entry) {
    kept_slots_ = entry != 0 ? 0 : 1;
    store_error_ = Error::none;
    const Frame frame = this->take();
    kept_slots_ = 1;
    if (frame == 0) return store_error_ != Error::none ? store_error_ : Error::no_memory;
    if (entry != 0) {
      const Error error = store_.read(Entry::slot(entry), this->frames_.address(frame));
      if (error != Error::none) {
        this->frames_.give(frame);
        return error;
      }
      slots_.give(Entry::slot(entry));
    }
    entry = frame;
    return Error::none;
  }

  // One page goes to the store. False: there is none, or no place for it.
  bool evict() {
    if (slots_.free() <= kept_slots_) return false;
    const auto victim = clock_.next(this->frames_.end(), [this](Frame frame) { return was_used(frame); });
    if (!victim) return false;
    const Word address = this->frames_.address(*victim);
    unmap(address);  // before it is written out: nobody changes it meanwhile
    const auto slot = write_out(address);
    if (!slot) return false;
    const Spaces::Page page = clock_.owner(*victim);
    if (Frame* const entry = find_entry(this->frames_, spaces_.at(page.space).root, page.number)) {
      *entry = Entry::of_slot(*slot);
    }
    clock_.clear(*victim);
    this->frames_.give(*victim);
    return true;
  }

  // The slot where the page is now. One that cannot be written is tried again another time.
  std::optional<Word> write_out(Word address) {
    for (unsigned tries = 0; tries < most_tries; ++tries) {
      const auto slot = slots_.take();
      if (!slot) return std::nullopt;
      store_error_ = store_.write(*slot, address);
      if (store_error_ == Error::none) return slot;
      slots_.give(*slot);
    }
    return std::nullopt;
  }

  bool was_used(Frame frame) const {
    Word mr[8] = {l4::Fpage::page(this->frames_.address(frame)).raw};
    l4_unmap_registers(0, mr);
    return (mr[0] & read_right) != 0;
  }

  static constexpr unsigned most_tries = 4;

  Spaces spaces_;
  Store store_;
  Error store_error_ = Error::none;  // of the last try to make room
  Slots slots_;
  Word kept_slots_ = 1;  // one is kept for a page that makes room for one from the store
  Clock clock_;
  std::uint32_t blocks_[most_blocks] = {};
};

}  // namespace paging
