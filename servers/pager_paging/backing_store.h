// SPDX-License-Identifier: MIT
// Where pages go that have no frame. A store is any type of this form; the pager is made with
// one when it is compiled.
#pragma once

#include <concepts>

#include <mica/connection.h>
#include <mica/dataspace.h>
#include <paging/frames.h>

namespace paging {

template <typename S>
concept BackingStore = requires(S& store, Word slot, Word address) {
  { store.slots() } -> std::same_as<Word>;                      // pages that it has room for
  { store.write(slot, address) } -> std::same_as<mica::Error>;  // the page there
  { store.read(slot, address) } -> std::same_as<mica::Error>;
};

// A store in memory of another pager: one dataspace of it.
class DataspaceStore {
 public:
  constexpr DataspaceStore() = default;

  // So many bytes of the pager of that name.
  mica::Error init(std::string_view name, Word bytes) {
    pager_ = mica::Connection<mica::Dataspace>(name);
    const auto handle = pager_.call<mica::Dataspace::create>(bytes);
    if (!handle) return handle.error();
    handle_ = *handle;
    slots_ = bytes / page_size;
    return mica::Error::none;
  }

  Word slots() const { return slots_; }

  mica::Error write(Word slot, Word address) {
    const mica::Error error = map(slot, l4::read_write);
    if (error == mica::Error::none) copy_page(window, address);
    return error;
  }

  mica::Error read(Word slot, Word address) {
    const mica::Error error = map(slot, l4::read);
    if (error == mica::Error::none) copy_page(address, window);
    return error;
  }

 private:
  static constexpr Word window = Word{1} << 43;

  // A pager that was restarted has taken its pages along, or has kept them and is asked again.
  mica::Error map(Word slot, l4::Rights rights) {
    for (;;) {
      const auto server = pager_.server();
      if (!server) return server.error();
      const auto mapped = pager_.note(mica::map_call<mica::Dataspace::map>(
          *server, mica::Window{l4::Fpage::page(window)}, handle_, slot * page_size, rights.raw, Word{0}));
      if (mapped.error() != mica::Error::gone) return mapped.error();
    }
  }

  mica::Connection<mica::Dataspace> pager_{std::string_view{}};
  Word handle_ = 0, slots_ = 0;
};

}  // namespace paging
