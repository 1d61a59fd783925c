// SPDX-License-Identifier: MIT
// The heap's allocator.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include <servers/runtime/allocator.h>

using runtime::Allocator;
using Word = Allocator::Word;

namespace {

struct Arena {
  explicit Arena(Word bytes) : memory(bytes / 16), allocator(reinterpret_cast<Word>(memory.data()), bytes) {}
  struct alignas(16) Piece {
    char bytes[16];
  };
  std::vector<Piece> memory;
  Allocator allocator;
};

}  // namespace

TEST_CASE("allocator: blocks are aligned, apart, and as large as asked") {
  Arena arena(1 << 16);
  std::vector<void*> blocks;
  for (Word bytes = 0; bytes < 200; ++bytes) {
    void* const block = arena.allocator.allocate(bytes);
    REQUIRE(block != nullptr);
    CHECK(reinterpret_cast<Word>(block) % Allocator::alignment == 0);
    CHECK(Allocator::room(block) >= bytes);
    blocks.push_back(block);
  }
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    CHECK(reinterpret_cast<Word>(blocks[i]) >= reinterpret_cast<Word>(blocks[i - 1]) + Allocator::room(blocks[i - 1]));
  }
}

TEST_CASE("allocator: freed neighbours join, and what is free at the top is not used any more") {
  Arena arena(1 << 16);
  void* const a = arena.allocator.allocate(1000);
  void* const b = arena.allocator.allocate(1000);
  void* const c = arena.allocator.allocate(1000);
  void* const d = arena.allocator.allocate(1000);
  CHECK(arena.allocator.free(a));
  CHECK(arena.allocator.free(c));
  CHECK(arena.allocator.free(b));
  CHECK(arena.allocator.allocate(3000) == a);  // the three in one
  CHECK(arena.allocator.free(a));
  CHECK(arena.allocator.free(d));
  CHECK(arena.allocator.extent() == 0);
}

TEST_CASE("allocator: no room, and blocks that are none") {
  Arena arena(4096);
  CHECK(arena.allocator.allocate(5000) == nullptr);
  CHECK(arena.allocator.allocate(~Word{0}) == nullptr);
  CHECK(arena.allocator.allocate(4096) == nullptr);
  char* const block = static_cast<char*>(arena.allocator.allocate(4096 - 16));
  REQUIRE(block != nullptr);
  CHECK(arena.allocator.allocate(0) == nullptr);
  std::memset(block, 0, 4096 - 16);
  CHECK_FALSE(arena.allocator.free(block + 16));
  CHECK_FALSE(arena.allocator.free(block + 8));
  CHECK_FALSE(arena.allocator.free(block - 4096));
  CHECK_FALSE(arena.allocator.free(block + 8192));
  CHECK(arena.allocator.free(block));
  CHECK_FALSE(arena.allocator.free(block));
}

TEST_CASE("allocator: content stays, at random sizes and orders, and all of it comes back") {
  Arena arena(1 << 20);
  struct Kept {
    unsigned char* at = nullptr;
    Word bytes = 0;
    unsigned char mark = 0;
  };
  std::vector<Kept> kept(300);
  std::mt19937 random(11);
  for (int step = 0; step < 60000; ++step) {
    Kept& one = kept[random() % kept.size()];
    REQUIRE(std::all_of(one.at, one.at + one.bytes, [&one](unsigned char byte) { return byte == one.mark; }));
    if (one.at != nullptr) REQUIRE(arena.allocator.free(one.at));
    one.bytes = random() % 8 == 0 ? random() % 20000 : random() % 300;
    one.mark = static_cast<unsigned char>(random());
    one.at = static_cast<unsigned char*>(arena.allocator.allocate(one.bytes));
    if (one.at == nullptr) one.bytes = 0;
    else std::memset(one.at, one.mark, one.bytes);
  }
  for (Kept& one : kept) {
    if (one.at != nullptr) REQUIRE(arena.allocator.free(one.at));
  }
  CHECK(arena.allocator.extent() == 0);
}
