// SPDX-License-Identifier: MIT
// The anonymous pager: memory filled with zeros.
//
// Owns: its memory quota, of which it takes what the argument reserve= says (256K) at its start,
// and the rest as it is wanted. Each client gets at most what limit= says (all of it).
// Serves: mica::Dataspace under the name `anonymous` (argument name=).
// Trusts: the root server. With `holds memory` in the manifest a new incarnation goes on
// with the dataspaces, handles and pages of the one before.
#include <paging/frame_service.h>
#include <paging/shares.h>
#include <runtime/program.h>

#include "estate.h"

namespace anonymous {

namespace {

using mica::Dataspace;
using mica::Error;
using mica::Result;
using mica::Root;

constexpr Word estate_window = paging::scratch_window + (Word{1} << 30);

struct Interface {
  static constexpr long id = Dataspace::id;
  using Operations = mica::Operations<Dataspace::map, Dataspace::create, Dataspace::size, Dataspace::share,
                                      Dataspace::close>;
};

class Pager : public paging::FrameService<Pager> {
 public:
  using Interface = anonymous::Interface;
  using Service::handle;

  // Finds what an earlier incarnation has left, or begins. False: there is no memory.
  bool init() {
    if (!find_estate()) return false;
    if (!estate_->sound()) estate_->begin();
    frames_ = Frames(paging::frames_window);
    static constinit Used used;
    paging::map_held_blocks(frames_, blocks());
    recover(estate_->spaces, frames_, used);
    shares_.set_limit(paging::bytes_argument("limit", ~Word{0}) / paging::page_size);
    for (unsigned number = 1; number < paging::Spaces::most; ++number) {
      if (spaces().at(number).handles == 0) continue;
      shares_.give(number, spaces().handles().holder_of(number));
      shares_.note(number, static_cast<std::uint32_t>(paging::count_frames(frames_, spaces().at(number).root)));
    }
    paging::reserve(frames_, blocks(), paging::bytes_argument("reserve", Word{256} << 10));
    return true;
  }

  Result<mica::Map> handle(Dataspace::map, Client& client, Word handle, Word offset, Word rights, Word more) {
    const auto place = place_of(client);
    if (!place) [[unlikely]] return place.error();
    const auto page = spaces().find(*place, handle, offset, rights, more);
    if (!page) [[unlikely]] return page.error();
    Frame* const entry = entry_of(*page);
    if (entry == nullptr) [[unlikely]] return Error::no_memory;
    if (*entry == 0) {
      const Frame frame = take_for(page->space);
      if (frame == 0) [[unlikely]] return Error::no_memory;
      *entry = frame;
    }
    return mica::Map{l4::Fpage::page(frames_.address(*entry), page->rights)};
  }

  Result<Word> handle(Dataspace::create, Client& client, Word bytes) {
    const Result<Word> made = create(client, bytes);
    if (made) shares_.give(*spaces().find(client.session->place, *made), client.session->place);
    return made;
  }

  paging::Spaces& spaces() { return estate_->spaces; }

  paging::Blocks blocks() { return paging::Blocks(estate_->blocks); }

  void drop(unsigned number) {
    drop_pages(number, [this](Word, Frame frame) { reclaim(frame); });
    shares_.end(number);
  }

  // Frames are never charged to nobody while somebody can use them.
  void closed(unsigned number) {
    const paging::Handles::Place owner = shares_.owner(number), next = spaces().handles().holder_of(number, owner);
    if (next != owner) shares_.give(number, next);
  }

 private:
  [[gnu::always_inline]] Frame take_for(unsigned space) {
    if (!shares_.charge(space)) [[unlikely]] return 0;
    const Frame frame = take();
    if (frame == 0) [[unlikely]] shares_.take_back(space);
    return frame;
  }

  [[gnu::always_inline]] Frame* entry_of(const paging::Spaces::Page& page) {
    Frame* const entry = paging::find_entry(frames_, spaces().at(page.space).root, page.number);
    return entry != nullptr ? entry : new_entry(page.space, page.number);
  }
  [[gnu::noinline]] Frame* new_entry(unsigned space, Word page) {
    return paging::make_entry(frames_, spaces().at(space).root, page, [&] { return take_for(space); });
  }

  bool find_estate() {
    const mica::Window window{l4::Fpage::memory(estate_window, 22)};
    for (Word n = 0;; ++n) {
      const auto held = mica::map_call<Root::held_memory>(mica::root_server(), window, n);
      if (!held) break;
      if (held->page.order() == Estate::order && estate_->sound()) return true;
    }
    const mica::Window own{l4::Fpage::memory(estate_window, Estate::order)};
    return mica::map_call<Root::memory>(mica::root_server(), own, Word{Estate::order}).ok();
  }

  paging::Shares shares_;
  Estate* const estate_ = reinterpret_cast<Estate*>(estate_window);
};

}  // namespace

}  // namespace anonymous

int main() {
  static anonymous::Pager pager;
  if (!pager.init()) runtime::panic("no memory for the pager's notes");
  mica::serve(pager, mica::argument("name", "anonymous"));
}
