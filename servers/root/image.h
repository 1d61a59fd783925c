// SPDX-License-Identifier: MIT
// Which programs can become a task: what the root server asks of the image beside its being
// one, and the memory that it takes.
#pragma once

#include <ukernel/boot/elf.h>

namespace root {

using Word = unsigned long;

// A task's kernel interface page, UTCBs, and the pages that tell it who it is lie here.
inline constexpr mica::Range reserved_pages{0xbf000000, 0xbff01000};

// Null, or why no task can have the image.
const char* image_fault(const mica::ElfImage& image);

// Bytes of a task's memory that the root server takes for its notes about the image.
Word notes_size(const mica::ElfImage& image);
// Bytes of memory that the task holds when it has touched all of its image and of its first stack.
Word image_size(const mica::ElfImage& image);

}  // namespace root
