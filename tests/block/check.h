// SPDX-License-Identifier: MIT
// What the tests of the disk have in common.
#pragma once

#include <mica/block_client.h>
#include <mica/pci.h>
#include <runtime/threads.h>

#include "../task_checks.h"

namespace block_test {

using mica::Block;
using mica::BlockClient;
using mica::Error;
using mica::Name;
using mica::Root;
using mica::Word;
using task_checks::check;

inline constexpr Word sector_bytes = Block::sector_bytes, words_per_sector = sector_bytes / sizeof(Word);
inline constexpr Word window = Word{1} << 40, buffer_bytes = 0x10000;

inline l4::ThreadId disk() { return task_checks::server("disk"); }

// What a sector holds: each word of it says which sector it is, and of which round.
inline void fill(volatile Word* words, Word sector, Word sectors, Word round) {
  for (Word i = 0; i < sectors * words_per_sector; ++i)
    words[i] = round << 40 | (sector + i / words_per_sector) << 8 | (i % words_per_sector);
}
inline bool filled(const volatile Word* words, Word sector, Word sectors, Word round) {
  for (Word i = 0; i < sectors * words_per_sector; ++i) {
    if (words[i] != (round << 40 | (sector + i / words_per_sector) << 8 | (i % words_per_sector)))
      return false;
  }
  return true;
}
inline void clear(volatile Word* words, Word sectors) {
  for (Word i = 0; i < sectors * words_per_sector; ++i) words[i] = 0;
}

inline volatile Word* words_of(const BlockClient& client) {
  return reinterpret_cast<volatile Word*>(client.data());
}

// A thread of this task that runs work(n); done when `finished` says so.
void test_requests(BlockClient& client, Word sectors);
void test_refusals(BlockClient& client, Word sectors);
void test_many(Word first_sector);
void test_restart(BlockClient& client, Word first_sector);
void test_bad_sectors(BlockClient& client, Word bad);
void await_reset(BlockClient& client);
void test_careless();

int run_careless_driver();

}  // namespace block_test
