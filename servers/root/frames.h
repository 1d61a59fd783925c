// SPDX-License-Identifier: MIT
// Physical memory by blocks of a power of two, each with an owner: a buddy allocator whose
// notes lie apart from the memory. Pure: it touches no page.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <l4/l4.hpp>

namespace root {

using Address = l4::Word;
using Owner = std::uint16_t;

class Frames {
 public:
  static constexpr unsigned page_order = 12, largest_order = 22;
  static constexpr Owner nobody = 0;

  struct Note {  // of each page; only that of a block's first page counts
    std::uint32_t next = 0, previous = 0;  // in the list of its owner, or of free blocks of its order
    Owner owner = nobody;
    std::uint8_t order = 0;
    enum class State : std::uint8_t { none, free, given } state = State::none;
  };
  struct Block {
    Address address;
    unsigned order;
  };

  // One note for each page of memory from address 0 on; owners are below owner_count.
  // Page 0 is never anybody's.
  void init(std::span<Note> notes) { notes_ = notes; }

  // The block is there to give, from now on. Aligned, at most largest_order.
  void add(Address address, unsigned order);

  // A block of the order, 12 .. 22. None: no such block is free.
  std::optional<Address> allocate(unsigned order, Owner owner);
  // The block of this owner that begins there.
  std::optional<Block> find(Address address, Owner owner) const;
  void free(Address address);
  // Some block of the owner; blocks given to it come first if given last.
  std::optional<Block> first(Owner owner) const;
  // The block behind this one in its owner's list.
  std::optional<Block> next(Block block) const;
  // All blocks of `from` become those of `to`.
  void hand_over(Owner from, Owner to);

  // Pages.
  l4::Word total() const { return total_; }
  l4::Word free_pages() const { return free_; }

  static constexpr unsigned owners = 1088;

 private:
  static constexpr unsigned orders = largest_order - page_order + 1;
  using Index = std::uint32_t;

  std::optional<Block> block(Index index) const;
  void push(Index& head, Index index);
  void remove(Index& head, Index index);
  void release(Index index, unsigned order);

  std::span<Note> notes_;
  std::array<Index, orders> free_lists_{};
  std::array<Index, owners> owned_{};
  l4::Word total_ = 0, free_ = 0;
};

}  // namespace root
