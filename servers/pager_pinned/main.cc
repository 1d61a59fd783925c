// SPDX-License-Identifier: MIT
// The pinned pager: memory for devices, in one piece, and where it is.
//
// Owns: what the manifest's `dma` lets it have; nothing of it while no dataspace is there.
// Serves: mica::Dataspace with `physical`, under the name `pinned` (argument name=). A
// dataspace has up to 4 MiB and takes a power of two of them from the root server.
// Trusts: the root server; the PCI server, if the manifest lets it use one, to silence devices
// whose drivers have ended before their memory goes to others. When it ends the dataspaces end
// with it, and devices know nothing of that: where there are such, it is `essential`.
#include <mica/connection.h>
#include <mica/pci.h>
#include <paging/service.h>
#include <runtime/program.h>

namespace pinned {

namespace {

using mica::Dataspace;
using mica::Error;
using mica::Result;
using mica::Root;
using paging::page_size;
using paging::Word;

constexpr unsigned largest_order = 22;

struct Interface {
  static constexpr long id = Dataspace::id;
  using Operations = mica::Operations<Dataspace::map, Dataspace::create, Dataspace::physical, Dataspace::size,
                                      Dataspace::share, Dataspace::close>;
};

constexpr Word window_of(unsigned number) { return (Word{1} << 40) + (Word{number} << largest_order); }

constexpr unsigned order_for(Word bytes) {
  unsigned order = 12;
  while ((Word{1} << order) < bytes) ++order;
  return order;
}

class Pager : public paging::Service<Pager> {
 public:
  using Interface = pinned::Interface;
  using Service::handle;

  Result<Word> handle(Dataspace::create, Client& client, Word bytes) {
    if (bytes > Word{1} << largest_order) return Error::bad_argument;
    const Result<Word> made = create(client, bytes);
    if (!made) return made;
    const unsigned number = *spaces_.find(client.session->place, *made);
    auto block = take(number, order_for(bytes));
    if (!block && sweep()) block = take(number, order_for(bytes));
    if (!block) {
      (void)this->handle(Dataspace::close{}, client, *made);
      return Error::no_memory;
    }
    physical_[number] = block->page.base();
    return made;
  }

  Result<mica::Map> handle(Dataspace::map, Client& client, Word handle, Word offset, Word rights, Word more) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto page = spaces_.find(*place, handle, offset, rights, more);
    if (!page) return page.error();
    return mica::Map{l4::Fpage::page(window_of(page->space) + page->number * page_size, page->rights)};
  }

  Result<Word> handle(Dataspace::physical, Client& client, Word handle) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto number = spaces_.find(*place, handle);
    if (!number) return number.error();
    return physical_[*number];
  }

  paging::Spaces& spaces() { return spaces_; }

  // The root server takes the block out of all spaces. One that a device may still write to stays
  // for ever.
  void drop(unsigned number) {
    if (physical_[number] != 0 && devices_are_silent()) {
      (void)mica::call<Root::free_memory>(mica::root_server(), physical_[number]);
    }
    physical_[number] = 0;
    spaces_.at(number) = {};
  }

 private:
  // Those of drivers that have ended: others have closed their handles themselves.
  bool devices_are_silent() {
    const Error error = pci_.call_again<mica::Pci::silence>().error();
    return error == Error::none || error == Error::denied;  // denied: the manifest has none for it
  }

  static Result<mica::Map> take(unsigned number, unsigned order) {
    const mica::Window window{l4::Fpage::memory(window_of(number), order)};
    return mica::map_call<Root::dma_memory>(mica::root_server(), window, Word{order});
  }

  mica::Connection<mica::Pci> pci_{"pci"};
  paging::Spaces spaces_;
  std::array<Word, paging::Spaces::most> physical_{};
};

constinit Pager pager;

}  // namespace

}  // namespace pinned

int main() {
  mica::serve(pinned::pager, mica::argument("name", "pinned"));
}
