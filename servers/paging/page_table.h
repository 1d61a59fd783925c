// SPDX-License-Identifier: MIT
// Which frame has which page of a dataspace: a directory and tables of 1024 entries each, in
// frames of their own that are taken when an entry is first wanted.
//
//   root ──▶ directory[page / 1024] ──▶ table[page % 1024] ──▶ entry: a frame, 0 for none
#pragma once

#include "frames.h"

namespace paging {

inline constexpr Word entries_per_table = page_size / sizeof(Frame);
inline constexpr Word most_pages = entries_per_table * entries_per_table;

// The entry of a page if its table is there, else null.
[[gnu::always_inline]] inline Frame* find_entry(const Frames& frames, Frame root, Word page) {
  if (root == 0) return nullptr;
  const Frame table = reinterpret_cast<Frame*>(frames.address(root))[page / entries_per_table];
  if (table == 0) return nullptr;
  return reinterpret_cast<Frame*>(frames.address(table)) + page % entries_per_table;
}

// The entry, with tables made as needed by take(), which gives a cleared frame or 0. Null:
// it gave 0.
template <typename Take>
Frame* make_entry(const Frames& frames, Frame& root, Word page, Take&& take) {
  Frame* level = &root;
  for (const Word index : {page / entries_per_table, page % entries_per_table}) {
    if (*level == 0) {
      *level = take();
      if (*level == 0) return nullptr;
    }
    level = reinterpret_cast<Frame*>(frames.address(*level)) + index;
  }
  return level;
}

// Calls visit(page, entry) for each entry that is not 0.
template <typename Visit>
void for_each_entry(const Frames& frames, Frame root, Visit&& visit) {
  if (root == 0) return;
  const auto* const directory = reinterpret_cast<const Frame*>(frames.address(root));
  for (Word i = 0; i < entries_per_table; ++i) {
    if (directory[i] == 0) continue;
    auto* const table = reinterpret_cast<Frame*>(frames.address(directory[i]));
    for (Word k = 0; k < entries_per_table; ++k) {
      if (table[k] != 0) visit(i * entries_per_table + k, table[k]);
    }
  }
}

// Frames that the entries and the tables are.
inline Word count_frames(const Frames& frames, Frame root) {
  if (root == 0) return 0;
  Word count = 1;
  const auto* const directory = reinterpret_cast<const Frame*>(frames.address(root));
  for (Word i = 0; i < entries_per_table; ++i) count += directory[i] != 0 ? 1u : 0u;
  for_each_entry(frames, root, [&](Word, Frame) { ++count; });
  return count;
}

// Calls give(frame) for the frames of the directory and the tables, which are no more then.
template <typename Give>
void drop_tables(const Frames& frames, Frame& root, Give&& give) {
  if (root == 0) return;
  auto* const directory = reinterpret_cast<Frame*>(frames.address(root));
  for (Word i = 0; i < entries_per_table; ++i) {
    if (directory[i] != 0) give(directory[i]);
  }
  give(root);
  root = 0;
}

}  // namespace paging
