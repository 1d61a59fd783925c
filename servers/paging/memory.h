// SPDX-License-Identifier: MIT
// A pager's memory: blocks of its quota, from the root server, one behind the other in a window
// where nothing else is.
#pragma once

#include <span>

#include <mica/root.h>

#include "frames.h"

namespace paging {

inline constexpr Word frames_window = Word{1} << 40;
inline constexpr Word scratch_window = Word{1} << 42;
inline constexpr unsigned block_order = 16, most_blocks = 2048;
inline constexpr Word frames_per_block = Word{1} << (block_order - 12);

// Where each block is in physical memory, by page numbers; 0 behind the last one.
using Blocks = std::span<std::uint32_t, most_blocks>;

// Takes one more block and adds its frames. no_memory: the quota is used up.
mica::Result<void> grow(Frames& frames, Blocks blocks);

// Takes so many bytes at once, as far as the quota goes. The pages of the program itself,
// which are of the same quota, are touched before.
void reserve(Frames& frames, Blocks blocks, Word bytes);

// Maps the blocks that an earlier incarnation has left where they were, blocks that it had not
// noted yet behind them. `fits` says of the size of a block whether it is one of these.
void map_held_blocks(Frames& frames, Blocks blocks);

// The number of bytes that an argument `name=4M` of the program says (suffix K, M or none).
Word bytes_argument(std::string_view name, Word otherwise);

// Takes a frame out of all other spaces. For rights 2: only the right to write.
void unmap(Word address, Word rights = 7);

}  // namespace paging
