// SPDX-License-Identifier: MIT
// Spaces for the tests of the mapping database, and checks of its inner order.
#pragma once

#include <doctest/doctest.h>
#include <seam.h>

#include <memory>
#include <new>
#include <span>
#include <vector>

#include "bookmark.h"
#include "mapping.h"
#include "space.h"

namespace mica::test {

inline constexpr Rights all = Rights::all(), ro{Rights::r}, rw{Rights::r | Rights::w},
                        rx{Rights::r | Rights::x};

// Long operations go in steps of so many instructions.
inline i64 step_budget = usual_step;

template <typename Step>
void in_steps(Step&& step) {
  for (;;) {
    Budget budget(step_budget);
    if (step(budget) == Progress::done) return;
  }
}

inline Rights unmap(Space& space, Fpage fpage, bool flush) {
  UnmapProgress progress{};
  Rights accessed;
  const MapChange change{.taken = fpage.rights(), .flush = flush};
  in_steps([&](Budget& budget) { return unmap_step(space, fpage, change, progress, accessed, budget); });
  return accessed;
}

inline bool place_fixed_page(Space& space, Address address, Phys frame, bool writable) {
  MapStep step = MapStep::more;
  while (step == MapStep::more) {
    Budget budget(step_budget);
    step = mica::place_fixed_page(space, address, frame, writable, budget);
  }
  return step == MapStep::done;
}

// Visits each page or port that is there, a large page once.
template <typename Visit>
void for_each_present(const PageTable& tree, u64 low, u64 high, Visit&& visit) {
  u64 page = low;
  Budget unlimited = Budget::unlimited();
  (void)tree.visit_leaves(page, high, unlimited, [&](Slot slot) {
    visit(slot.first_page(), slot);
    return true;
  });
}
inline u64 next_present(const PageTable& tree, u64 low, u64 high) {
  const Slot slot = tree.next_leaf(low, high);
  return slot ? slot.first_page() : high;
}

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
    in_steps([&](Budget& budget) { return release_mappings(*space_, budget); });
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
inline u64 page_frame(const Space& space, Address address) {
  return page_slot(space, address).frame_of(address >> page_bits).value;
}
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
    REQUIRE(node->depth % 4 == 0);
    REQUIRE(node->depth >= 4);
    REQUIRE(node->depth / 4 <= path.size());
    path.resize(node->depth / 4);
    REQUIRE(node->parent == path.back());
    REQUIRE((*node->leaf & entry::present) != 0);
    REQUIRE(Slot{node->leaf}.link() == next);
    path.push_back(next);
  }
}

// Items as a message would carry them; false: out of memory, and nothing has changed.
inline bool send_items(Space& from, Space& to, Fpage window, std::span<const MapItem> items) {
  MapTransfer progress{};
  const auto each = [&](auto&& act) {
    for (const MapItem& item : items) {
      MapStep step = MapStep::more;
      while (step == MapStep::more) {
        Budget budget(step_budget);
        step = act(from, to, window, item, progress, budget);
      }
      if (step == MapStep::no_memory) return false;
    }
    return true;
  };
  const bool enough = each(prepare);
  if (enough) each(carry_out);
  finish(progress);
  return enough;
}
inline bool send_item(Space& from, Space& to, Fpage window, const MapItem& item) {
  return send_items(from, to, window, {&item, 1});
}
inline bool map_page(Space& from, Address source, Space& to, Address target, Rights rights = all,
                     bool grant = false) {
  return send_item(from, to, Fpage::complete(), {Fpage::memory(source, 12, rights), target, grant});
}
inline bool map_port(Space& from, Space& to, u64 port, bool grant = false) {
  return send_item(from, to, Fpage::complete(), {Fpage::io(port, 0, all), 0, grant});
}

}  // namespace mica::test
