// SPDX-License-Identifier: MIT
// The copy-on-write pager: dataspaces that begin as copies of others.
//
// Owns: its memory quota, of which it takes what the argument reserve= says (256K) at its start,
// and the rest as it is wanted. A page that several dataspaces have alike is one frame, which
// nobody may write; who wants to gets a frame of its own.
// Serves: mica::Dataspace with `copy`, under the name `copy_on_write` (argument name=).
// Trusts: the root server. When it ends the dataspaces end with it.
#include <paging/frame_service.h>
#include <runtime/program.h>

#include "references.h"

namespace copy_on_write {

namespace {

using mica::Dataspace;
using mica::Error;
using mica::Result;
using paging::Frame;
using paging::Word;

struct Interface {
  static constexpr long id = Dataspace::id;
  using Operations = mica::Operations<Dataspace::map, Dataspace::create, Dataspace::copy, Dataspace::size,
                                      Dataspace::share, Dataspace::close>;
};

class Pager : public paging::FrameService<Pager> {
 public:
  using Interface = copy_on_write::Interface;
  using Service::handle;

  Result<mica::Map> handle(Dataspace::map, Client& client, Word handle, Word offset, Word rights, Word more) {
    const auto place = place_of(client);
    if (!place) [[unlikely]] return place.error();
    const auto page = spaces_.find(*place, handle, offset, rights, more);
    if (!page) [[unlikely]] return page.error();
    Frame* const entry = entry_of(*page);
    if (entry == nullptr) [[unlikely]] return Error::no_memory;
    if (*entry == 0) {
      const Frame frame = take();
      if (frame == 0) [[unlikely]] return Error::no_memory;
      references_.begin(frame);
      *entry = frame;
    } else if (references_.shared(*entry)) {
      if ((rights & paging::write_right) == 0) return mapping(*entry, page->rights.raw & ~paging::write_right);
      if (!copy_page(*entry)) return Error::no_memory;
    }
    return mapping(*entry, page->rights.raw);
  }

  Result<Word> handle(Dataspace::create, Client& client, Word bytes) { return create(client, bytes); }

  Result<Word> handle(Dataspace::copy, Client& client, Word handle) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto original = spaces_.find(*place, handle, 0, paging::read_right, 0);
    if (!original) return original.error();
    const Result<Word> made = create(client, Word{spaces_.at(original->space).pages} * paging::page_size);
    if (!made) return made;
    const unsigned number = *spaces_.find(*place, *made);
    bool complete = true;
    paging::for_each_entry(frames_, spaces_.at(original->space).root, [&](Word page, Frame frame) {
      complete = complete && add_reference(number, page, frame);
    });
    if (complete) return made;
    (void)this->handle(Dataspace::close{}, client, *made);
    return Error::no_memory;
  }

  paging::Spaces& spaces() { return spaces_; }
  paging::Blocks blocks() { return paging::Blocks(blocks_); }

  void drop(unsigned number) {
    drop_pages(number, [this](Word, Frame frame) {
      paging::unmap(frames_.address(frame));
      if (references_.drop(frame)) frames_.give(frame);
    });
  }

 private:
  mica::Map mapping(Frame frame, Word rights) const {
    return {l4::Fpage::page(frames_.address(frame), l4::Rights{rights})};
  }

  // The entry's frame becomes its own. Room may be made by ending other dataspaces, and then
  // it may be its own already.
  bool copy_page(Frame& entry) {
    const Frame frame = take();
    if (!references_.shared(entry)) {
      if (frame != 0) frames_.give(frame);
      return true;
    }
    if (frame == 0) return false;
    paging::copy_page(frames_.address(frame), frames_.address(entry));
    paging::unmap(frames_.address(entry));  // whoever reads this dataspace has the old one
    (void)references_.drop(entry);
    references_.begin(frame);
    entry = frame;
    return true;
  }

  bool add_reference(unsigned number, Word page, Frame frame) {
    Frame* const entry = entry_of({number, page, {}});
    if (entry == nullptr || !references_.add(frame)) return false;
    *entry = frame;
    paging::unmap(frames_.address(frame), paging::write_right);
    return true;
  }

  paging::Spaces spaces_;
  References references_;
  std::uint32_t blocks_[paging::most_blocks] = {};
};

constinit Pager pager;

}  // namespace

}  // namespace copy_on_write

int main() {
  copy_on_write::pager.begin(paging::bytes_argument("reserve", paging::Word{256} << 10));
  mica::serve(copy_on_write::pager, mica::argument("name", "copy_on_write"));
}
