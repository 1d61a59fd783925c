// SPDX-License-Identifier: MIT
#include "frames.h"

namespace root {

namespace {

constexpr l4::Word pages_of(unsigned order) { return l4::Word{1} << (order - Frames::page_order); }

}  // namespace

std::optional<Frames::Block> Frames::block(Index index) const {
  if (index == 0) return std::nullopt;
  return Block{Address{index} << page_order, notes_[index].order};
}

void Frames::push(Index& head, Index index) {
  notes_[index].next = head;
  notes_[index].previous = 0;
  if (head != 0) notes_[head].previous = index;
  head = index;
}

void Frames::remove(Index& head, Index index) {
  const Note& note = notes_[index];
  if (note.previous != 0) notes_[note.previous].next = note.next;
  else head = note.next;
  if (note.next != 0) notes_[note.next].previous = note.previous;
}

void Frames::add(Address address, unsigned order) {
  total_ += pages_of(order);
  free_ += pages_of(order);
  release(static_cast<Index>(address >> page_order), order);
}

// Joins the block with its free neighbours.
void Frames::release(Index index, unsigned order) {
  while (order < largest_order) {
    const Index buddy = index ^ static_cast<Index>(pages_of(order));
    if (buddy >= notes_.size() || notes_[buddy].state != Note::State::free || notes_[buddy].order != order) break;
    remove(free_lists_[order - page_order], buddy);
    notes_[buddy].state = Note::State::none;
    notes_[index].state = Note::State::none;
    index &= ~static_cast<Index>(pages_of(order));
    ++order;
  }
  notes_[index].state = Note::State::free;
  notes_[index].order = static_cast<std::uint8_t>(order);
  notes_[index].owner = nobody;
  push(free_lists_[order - page_order], index);
}

std::optional<Address> Frames::allocate(unsigned order, Owner owner) {
  unsigned from = order;
  while (from <= largest_order && free_lists_[from - page_order] == 0) ++from;
  if (from > largest_order) return std::nullopt;
  const Index index = free_lists_[from - page_order];
  remove(free_lists_[from - page_order], index);
  while (from > order) {
    --from;
    const Index half = index + static_cast<Index>(pages_of(from));
    notes_[half].state = Note::State::free;
    notes_[half].order = static_cast<std::uint8_t>(from);
    push(free_lists_[from - page_order], half);
  }
  Note& note = notes_[index];
  note.state = Note::State::given;
  note.order = static_cast<std::uint8_t>(order);
  note.owner = owner;
  push(owned_[owner], index);
  free_ -= pages_of(order);
  return Address{index} << page_order;
}

std::optional<Frames::Block> Frames::find(Address address, Owner owner) const {
  const l4::Word index = address >> page_order;
  if (index >= notes_.size() || address % (l4::Word{1} << page_order) != 0) return std::nullopt;
  const Note& note = notes_[index];
  if (note.state != Note::State::given || note.owner != owner) return std::nullopt;
  return block(static_cast<Index>(index));
}

void Frames::free(Address address) {
  const Index index = static_cast<Index>(address >> page_order);
  const Note note = notes_[index];
  remove(owned_[note.owner], index);
  free_ += pages_of(note.order);
  release(index, note.order);
}

std::optional<Frames::Block> Frames::first(Owner owner) const { return block(owned_[owner]); }

std::optional<Frames::Block> Frames::next(Block b) const {
  return block(notes_[b.address >> page_order].next);
}

void Frames::hand_over(Owner from, Owner to) {
  while (owned_[from] != 0) {
    const Index index = owned_[from];
    remove(owned_[from], index);
    notes_[index].owner = to;
    push(owned_[to], index);
  }
}

}  // namespace root
