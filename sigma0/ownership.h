// SPDX-License-Identifier: MIT
// Who has which piece of an address range: of physical memory in pages, of the I/O
// ports one by one. Plain bookkeeping; the host's unit tests compile it as it is.
//
// A binary tree over the range. A node stands for an aligned power-of-two block,
// which is what a flexpage is; a leaf is a block that is alike throughout (kind and
// owner), any other node has two halves. Blocks are split when a part changes and
// joined when both halves have become alike, so that the tree is as small as what
// it has to say, and every operation follows one path down:
//
//            [ 0 - 8 M )                  each node also knows the sizes of the free
//           /           .                 blocks of conventional memory under it
//     [0-4M) free     [4-8M)              (for requests of "any" memory)
//                    /      .
//            root task's   free
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace sigma0 {

using Address = std::uint64_t;
using Owner = std::uint64_t;  // a thread id

enum class Kind : std::uint8_t {
  never,         // not given to anybody: the kernel's, the interrupt controllers', sigma0's own
  conventional,  // RAM without contents; cleared before it is given
  image,         // RAM with contents: a program, a module, boot information
  device,        // anything else; given to those who ask for it by name
};

class Ownership {
 public:
  static constexpr Owner nobody = 0;
  static constexpr Owner everybody = ~Owner{0};  // for blocks that several may have
  static constexpr unsigned max_depth = 48;

  struct Pair;
  struct Node {
    std::uint64_t word = nobody;      // a leaf's owner, another's Pair
    std::uint64_t free_orders = 0;    // bit n: a free block of 2^n is here
    Kind kind = Kind::never;
    bool split = false;

    Owner owner() const { return word; }
    Pair& halves() const { return *reinterpret_cast<Pair*>(word); }
    bool same_as(const Node& o) const { return !split && !o.split && word == o.word && kind == o.kind; }
  };
  struct Pair {
    Node low, high;
  };

  // The range 0 .. 2^top - 1 in pieces of 2^unit, all of one kind; top - unit <= 48.
  Ownership(unsigned unit, unsigned top, Kind kind) : unit_(unit), top_(top) {
    root_.kind = kind;
    update(root_, top_);
  }
  Ownership(const Ownership&) = delete;
  Ownership& operator=(const Ownership&) = delete;

  // Memory for nodes. Each change needs up to max_depth pairs; without them it is
  // refused.
  void add_nodes(std::span<Pair> pairs) {
    for (Pair& pair : pairs) release(pair);
  }
  std::uint64_t free_nodes() const { return free_count_; }

  // Says what the blocks that lie in first .. last (inclusive) are. Those of
  // conventional memory must lie in it wholly, of the others a part suffices.
  bool describe(Address first, Address last, Kind kind) {
    const Address unit = Address{1} << unit_, end = (Address{1} << top_) - 1;
    if (first > end) return true;
    if (last > end) last = end;
    if (kind == Kind::conventional) {
      first = (first + unit - 1) & ~(unit - 1);
      last = ((last + 1) & ~(unit - 1)) - 1;
      if (last == ~Address{0}) return true;
    }
    return first > last || describe(root_, top_, 0, first, last, kind);
  }

  // What a piece is, and whose.
  std::pair<Kind, Owner> look(Address at) const {
    const Node* node = &root_;
    for (unsigned order = top_; node->split; --order) {
      node = (at >> (order - 1) & 1) != 0 ? &node->halves().high : &node->halves().low;
    }
    return {node->kind, node->owner()};
  }

  // Gives the block to the owner, if all of it is either his or nobody's and of a
  // kind that `allowed` accepts; changes nothing otherwise. Calls
  // fresh(address, order) for each piece of conventional memory that he has not had
  // before.
  template <typename Allowed, typename Fresh>
  [[nodiscard]] bool claim(Address base, unsigned order, Owner owner, Allowed allowed, Fresh fresh) {
    if (order < unit_ || order > top_ || (base & ((Address{1} << order) - 1)) != 0) return false;
    if (base >> top_ != 0 || free_count_ < max_depth) return false;
    if (!claimable(root_, top_, base, order, owner, allowed)) return false;
    give(root_, top_, 0, base, order, owner, fresh);
    return true;
  }

  // Gives the owner some free block of conventional memory: from the smallest
  // block that can hold it, and among equals from the highest.
  [[nodiscard]] std::optional<Address> claim_any(unsigned order, Owner owner) {
    if (order < unit_ || order > top_ || free_count_ < max_depth) return std::nullopt;
    const std::uint64_t fitting = root_.free_orders >> order << order;
    if (fitting == 0) return std::nullopt;
    const std::uint64_t best = fitting & (0 - fitting);
    Address base = 0;
    const Node* node = &root_;
    unsigned at = top_;
    for (; node->split; --at) {
      const Pair& halves = node->halves();
      const bool in_high = (halves.high.free_orders & best) != 0;
      if (in_high) base |= Address{1} << (at - 1);
      node = in_high ? &halves.high : &halves.low;
    }
    base |= (Address{1} << at) - (Address{1} << order);  // the highest part of a free block
    give(root_, top_, 0, base, order, owner, [](Address, unsigned) {});
    return base;
  }

 private:
  static bool overlaps(Address block, unsigned order, Address first, Address last) {
    return block <= last && first <= block + ((Address{1} << order) - 1);
  }
  static bool inside(Address block, unsigned order, Address first, Address last) {
    return first <= block && block + ((Address{1} << order) - 1) <= last;
  }

  // Keeps node.free_orders, and the tree as small as it can be.
  void update(Node& node, unsigned order) {
    if (node.split) {
      Pair& halves = node.halves();
      if (halves.low.same_as(halves.high)) {
        const Node half = halves.low;
        release(halves);
        node = half;
      } else {
        node.free_orders = halves.low.free_orders | halves.high.free_orders;
        return;
      }
    }
    const bool free = node.kind == Kind::conventional && node.owner() == nobody;
    node.free_orders = free ? std::uint64_t{1} << order : 0;
  }

  bool split(Node& node, unsigned order) {
    if (node.split) return true;
    if (free_ == nullptr) return false;
    Pair& pair = *free_;
    free_ = reinterpret_cast<Pair*>(pair.low.word);
    --free_count_;
    pair.low = pair.high = node;
    update(pair.low, order - 1);
    update(pair.high, order - 1);
    node.word = reinterpret_cast<std::uint64_t>(&pair);
    node.split = true;
    return true;
  }

  void release(Pair& pair) {
    pair.low.word = reinterpret_cast<std::uint64_t>(free_);
    free_ = &pair;
    ++free_count_;
  }

  bool describe(Node& node, unsigned order, Address at, Address first, Address last, Kind kind) {
    if (!overlaps(at, order, first, last)) return true;
    if (!node.split && (inside(at, order, first, last) || order == unit_)) {
      node.kind = kind;
      update(node, order);
      return true;
    }
    if (!split(node, order)) return false;
    Pair& halves = node.halves();
    const bool done = describe(halves.low, order - 1, at, first, last, kind) &&
                      describe(halves.high, order - 1, at + (Address{1} << (order - 1)), first, last, kind);
    update(node, order);
    return done;
  }

  template <typename Allowed>
  bool claimable(const Node& node, unsigned at, Address base, unsigned order, Owner owner,
                 Allowed allowed) const {
    if (!node.split) {
      const bool open = node.owner() == nobody || node.owner() == owner;
      return open && node.kind != Kind::never && allowed(node.kind);
    }
    const Pair& halves = node.halves();
    if (at > order) {  // on the way to the block: only one half matters
      const Node& half = (base >> (at - 1) & 1) != 0 ? halves.high : halves.low;
      return claimable(half, at - 1, base, order, owner, allowed);
    }
    return claimable(halves.low, at - 1, base, order, owner, allowed) &&
           claimable(halves.high, at - 1, base, order, owner, allowed);
  }

  // The block has been found claimable, or free, and there are nodes enough.
  template <typename Fresh>
  void give(Node& node, unsigned order, Address at, Address base, unsigned wanted, Owner owner, Fresh fresh) {
    if (!node.split) {
      if (node.owner() == owner) return;
      if (order <= wanted) {
        if (node.kind == Kind::conventional) fresh(at, order);
        node.word = owner;
        update(node, order);
        return;
      }
      split(node, order);
    }
    Pair& halves = node.halves();
    const Address middle = at + (Address{1} << (order - 1));
    const bool both = order <= wanted;
    if (both || base < middle) give(halves.low, order - 1, at, base, wanted, owner, fresh);
    if (both || base >= middle) give(halves.high, order - 1, middle, base, wanted, owner, fresh);
    update(node, order);
  }

  unsigned unit_, top_;
  Node root_;
  Pair* free_ = nullptr;
  std::uint64_t free_count_ = 0;
};

}  // namespace sigma0
