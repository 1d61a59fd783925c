// SPDX-License-Identifier: MIT
#include "image.h"

#include <mica/task.h>

#include <bit>

namespace root {

namespace {

constexpr Word page = 0x1000;
constexpr Word user_end = 0x7fff'ffff'f000;
constexpr Word largest_image = Word{64} << 20;

}  // namespace

const char* image_fault(const mica::ElfImage& image) {
  if (image.fault != nullptr) return image.fault;
  const mica::Range span = image.virtual_span();
  if (span.size() > largest_image) return "the image is larger than 64 MiB";
  if (span.high > user_end) return "the image lies where programs have no memory";
  if (span.overlaps(reserved_pages)) return "the image lies where the kernel's pages are";
  return nullptr;
}

// A number of 32 bits for each page, in a block of a power of two.
Word notes_size(const mica::ElfImage& image) {
  const Word pages = image.virtual_span().pages_around().size() / page;
  const Word size = std::bit_ceil(pages * 4);
  return size < page ? page : size;
}

Word image_size(const mica::ElfImage& image) {
  Word pages = 1 + mica::first_stack_bytes / page;  // with the one that tells the task who it is
  const mica::Range span = image.virtual_span().pages_around();
  for (Word at = span.low; at < span.high; at += page) {
    bool touched = false;
    for (const mica::Segment& segment : image.segments) {
      touched = touched || segment.virtual_range().overlaps({at, at + page});
    }
    pages += touched ? 1u : 0u;
  }
  return notes_size(image) + pages * page;
}

}  // namespace root
