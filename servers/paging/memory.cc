// SPDX-License-Identifier: MIT
#include "memory.h"

namespace paging {

namespace {

using mica::Root;

constexpr Word block_bytes = Word{1} << block_order;

l4::Fpage window_of(Word block) { return l4::Fpage::memory(frames_window + block * block_bytes, block_order); }

mica::Result<mica::Map> map_held(Word n, l4::Fpage window) {
  return mica::map_call<Root::held_memory>(mica::root_server(), mica::Window{window}, n);
}

}  // namespace

mica::Result<void> grow(Frames& frames, Blocks blocks) {
  const Word block = frames.end() / frames_per_block;
  if (block == most_blocks) return mica::Error::no_memory;
  const auto mapped = mica::map_call<Root::memory>(mica::root_server(), mica::Window{window_of(block)},
                                                   Word{block_order});
  if (!mapped) return mapped.error();
  blocks[block] = static_cast<std::uint32_t>(mapped->page.base() >> 12);
  frames.add(frames_per_block);
  return {};
}

void reserve(Frames& frames, Blocks blocks, Word bytes) {
  for (Word page = mica::this_task().image_low; page < mica::this_task().image_high; page += page_size) {
    (void)*reinterpret_cast<const volatile char*>(page);
  }
  while (frames.free_count() * page_size < bytes && grow(frames, blocks)) {
  }
}

void map_held_blocks(Frames& frames, Blocks blocks) {
  Word known = 0;
  while (known < most_blocks && blocks[known] != 0) ++known;
  // What a block is can only be seen when it is mapped: first to look, then at its place.
  const l4::Fpage scratch = l4::Fpage::memory(scratch_window, 22);
  for (Word n = 0;; ++n) {
    const auto seen = map_held(n, scratch);
    if (!seen) break;
    if (seen->page.order() != block_order) continue;
    const auto number = static_cast<std::uint32_t>(seen->page.base() >> 12);
    Word block = 0;
    while (block < known && blocks[block] != number) ++block;
    if (block == known) {
      if (known == most_blocks) break;
      blocks[known++] = number;
    }
    (void)map_held(n, window_of(block));
  }
  frames.add(known * frames_per_block);
}

Word bytes_argument(std::string_view name, Word otherwise) {
  Word value = 0;
  const std::string_view text = mica::argument(name);
  for (const char c : text) {
    if (c == 'K') return value << 10;
    if (c == 'M') return value << 20;
    if (c < '0' || c > '9') return otherwise;
    value = value * 10 + static_cast<Word>(c - '0');
  }
  return text.empty() ? otherwise : value;
}

void unmap(Word address, Word rights) {
  Word mr[8] = {l4::Fpage::page(address, l4::Rights{rights}).raw};
  l4_unmap_registers(0, mr);
}

}  // namespace paging
