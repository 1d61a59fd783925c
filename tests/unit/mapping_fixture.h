// SPDX-License-Identifier: MIT
// Spaces for the tests of the mapping database, and checks of its inner order.
#pragma once

#include <doctest/doctest.h>
#include <seam.h>

#include <memory>
#include <new>
#include <vector>

#include "mapping.h"
#include "space.h"

namespace mica::test {

inline constexpr Rights all = Rights::all(), ro{Rights::r}, rw{Rights::r | Rights::w},
                        rx{Rights::r | Rights::x};

// A space in the arena, as the kernel makes them, without a thread.
class TestSpace {
 public:
  explicit TestSpace(bool sigma0 = false) {
    void* const frame = frame_store.take(0);
    auto* const root = static_cast<u64*>(frame_store.take(0));
    fill_words(root, 0, 256);
    copy_words(root + 256, kernel_root_entries(), 256);
    space_ = new (frame) Space;
    space_->memory = PageTable(root, 4);
    space_->ports = PageTable(nullptr, 2);
    space_->sigma0 = sigma0;
  }
  TestSpace(const TestSpace&) = delete;
  TestSpace& operator=(const TestSpace&) = delete;
  ~TestSpace() {
    u64* const root = space_->memory.root();
    if (is_loaded(root)) host::load_root(nullptr);
    unmap_everything(*space_);
    space_->memory.free_tables(space_->pool);
    space_->ports.free_tables(space_->pool);
    space_->pool.drain();
    CHECK(space_->pool.used() == 0);
    for (u64 i = 0; i < 256; ++i) {
      REQUIRE(root[i] == 0);
      REQUIRE(root[256 + i] == kernel_root_entries()[i]);
    }
    frame_store.give(root, 0);
    frame_store.give(space_, 0);
  }
  Space& operator*() const { return *space_; }
  Space* operator->() const { return space_; }

 private:
  Space* space_;
};

inline Slot page_slot(const Space& space, Address address) { return space.memory.find(address >> page_bits); }

inline bool has_page(const Space& space, Address address) {
  const Slot slot = page_slot(space, address);
  return slot && slot.present();
}
inline bool has_port(const Space& space, u64 port) {
  const Slot slot = space.ports.find(port);
  return slot && slot.present();
}
inline Rights page_rights(const Space& space, Address address) {
  const Slot slot = page_slot(space, address);
  if (!slot || !slot.present()) return Rights::none();
  Rights rights{Rights::r};
  if ((*slot.leaf & entry::writable) != 0) rights = rights | Rights{Rights::w};
  if ((*slot.leaf & entry::no_execute) == 0) rights = rights | Rights{Rights::x};
  return rights;
}
inline u64 page_frame(const Space& space, Address address) { return page_slot(space, address).frame().value; }
inline bool port_allowed(const Space& space, u64 port) {
  return space.io_bitmap && (space.io_bitmap[port / 8] >> port % 8 & 1) == 0;
}

// Does the list around a node keep the promises of mapping.h?
inline void check_tree_of(const Mapping* node) {
  while (node->prev != 0) {
    const Mapping* const before = from_link<Mapping>(node->prev);
    REQUIRE(before->next == to_link(node));
    node = before;
  }
  REQUIRE(node->depth == 0);
  REQUIRE(node->parent == 0);
  std::vector<u32> path{to_link(node)};
  for (u32 next = node->next; next != 0; next = node->next) {
    const u32 before = to_link(node);
    node = from_link<Mapping>(next);
    REQUIRE(node->prev == before);
    REQUIRE(node->depth >= 1);
    REQUIRE(node->depth <= path.size());
    path.resize(node->depth);
    REQUIRE(node->parent == path.back());
    REQUIRE((*node->leaf & entry::present) != 0);
    REQUIRE(Slot{node->leaf}.link() == next);
    path.push_back(next);
  }
}

// One item as a message would carry it; false: out of memory.
inline bool send_item(Space& from, Space& to, Fpage window, const MapItem& item) {
  MapNeeds needs;
  count_needs(from, to, window, item, needs);
  if (!reserve(from, to, needs)) return false;
  transfer(from, to, window, item);
  return true;
}
inline bool map_page(Space& from, Address source, Space& to, Address target, Rights rights = all,
                     bool grant = false) {
  return send_item(from, to, Fpage::complete(), {Fpage::memory(source, 12, rights), target, grant});
}
inline bool map_port(Space& from, Space& to, u64 port, bool grant = false) {
  return send_item(from, to, Fpage::complete(), {Fpage::io(port, 0, all), 0, grant});
}

}  // namespace mica::test
