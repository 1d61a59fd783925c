// SPDX-License-Identifier: MIT
// A heap: blocks of any size in one stretch of memory that is used from below. Pure.
//
//   start ┌──────┬───────────┬──────┬─────┬ ─ ─ ─ ─ ─ ┐ end
//         │ used │ free      │ used │used │ untouched │
//         └──────┴───────────┴──────┴─────┴ ─ ─ ─ ─ ─ ┘
//                                         top
//
// Each block has its size and that of the block below it at its beginning, so that a freed
// one joins its free neighbours: no two free blocks are side by side, and none is below top.
// Free blocks hang in lists by the logarithm of their size.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runtime {

class Allocator {
 public:
  using Word = unsigned long;
  static constexpr Word alignment = 16;

  constexpr Allocator() = default;
  // The memory is there when it is touched; its beginning is aligned.
  constexpr Allocator(Word start, Word bytes) : start_(start), top_(start), end_(start + bytes) {}

  // Null: there is no stretch of that size.
  void* allocate(Word bytes) {
    if (bytes > end_ - start_) return nullptr;
    const Word size = size_for(bytes);
    Block* block = take_free(size);
    if (block == nullptr) {
      if (end_ - top_ < size) return nullptr;
      block = at(top_);
      *block = {size, below_top_};
      set_top(top_ + size, size);
    } else if (block->size - size >= smallest) {
      const Word rest = block->size - size;
      block->size = size;
      *behind(block) = {rest, size};
      behind(behind(block))->below = rest;
      insert(behind(block));
    }
    block->size |= used;
    return block + 1;
  }

  // False: that is no block of this heap (any more), and nothing was done.
  [[nodiscard]] bool free(void* memory) {
    const Word address = reinterpret_cast<Word>(memory) - sizeof(Block);
    if (address < start_ || address >= top_ || address % alignment != 0) return false;
    Block* block = at(address);
    const Word size = block->size & ~used;
    if ((block->size & used) == 0 || size < smallest || size > top_ - address || size % alignment != 0) return false;
    block->size = size;
    if (Block* const above = behind(block); !is_top(above) && (above->size & used) == 0) {
      remove(above);
      block->size += above->size;
    }
    if (block->below != 0) {
      Block* const below = at(reinterpret_cast<Word>(block) - block->below);
      if ((below->size & used) == 0) {
        remove(below);
        below->size += block->size;
        block = below;
      }
    }
    if (is_top(behind(block))) {
      set_top(reinterpret_cast<Word>(block), block->below);
    } else {
      behind(block)->below = block->size;
      insert(block);
    }
    return true;
  }

  // The bytes that a block has room for.
  static Word room(const void* memory) {
    return (static_cast<const Block*>(memory)[-1].size & ~used) - sizeof(Block);
  }

  // Bytes from the start that have been touched by blocks that are still there.
  Word extent() const { return top_ - start_; }

 private:
  struct Block {
    Word size;   // with this head; bit 0: used
    Word below;  // size of the block below; 0: there is none
  };
  struct FreeBlock : Block {
    FreeBlock* next;
    FreeBlock* previous;
  };
  static constexpr Word used = 1, smallest = sizeof(FreeBlock);
  static constexpr unsigned lists = 48;

  static Word size_for(Word bytes) {
    const Word size = (bytes + sizeof(Block) + alignment - 1) & ~(alignment - 1);
    return size < smallest ? smallest : size;
  }
  static Block* at(Word address) { return reinterpret_cast<Block*>(address); }
  static Block* behind(Block* block) { return at(reinterpret_cast<Word>(block) + (block->size & ~used)); }
  bool is_top(const Block* block) const { return reinterpret_cast<Word>(block) == top_; }
  static unsigned list_of(Word size) { return 63 - static_cast<unsigned>(__builtin_clzl(size)); }

  void set_top(Word top, Word below) {
    top_ = top;
    below_top_ = below;
  }

  void insert(Block* block) {
    auto* const free = static_cast<FreeBlock*>(block);
    const unsigned list = list_of(block->size);
    free->next = free_[list];
    free->previous = nullptr;
    if (free->next != nullptr) free->next->previous = free;
    free_[list] = free;
    not_empty_ |= Word{1} << list;
  }

  void remove(Block* block) {
    auto* const free = static_cast<FreeBlock*>(block);
    const unsigned list = list_of(block->size);
    if (free->next != nullptr) free->next->previous = free->previous;
    if (free->previous != nullptr) free->previous->next = free->next;
    else free_[list] = free->next;
    if (free_[list] == nullptr) not_empty_ &= ~(Word{1} << list);
  }

  // A block of at least that size: in its own list the first that is large enough, in the
  // lists above any one.
  Block* take_free(Word size) {
    for (FreeBlock* block = free_[list_of(size)]; block != nullptr; block = block->next) {
      if (block->size < size) continue;
      remove(block);
      return block;
    }
    const Word above = not_empty_ & ~((Word{2} << list_of(size)) - 1);
    if (above == 0) return nullptr;
    FreeBlock* const block = free_[__builtin_ctzl(above)];
    remove(block);
    return block;
  }

  Word start_ = 0, top_ = 0, end_ = 0;
  Word below_top_ = 0;             // size of the last block
  FreeBlock* free_[lists] = {};    // by list_of(size)
  Word not_empty_ = 0;             // bit n: list n has blocks
};

}  // namespace runtime
