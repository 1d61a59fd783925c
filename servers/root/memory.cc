// SPDX-License-Identifier: MIT
#include "memory.h"

#include <runtime/program.h>

namespace root {

constinit Memory memory;

namespace {

constexpr Address low_megabyte = 0x100000;  // left to sigma0: the BIOS and its friends

unsigned largest_order(Address low, Address high) {
  unsigned order = Frames::page_order;
  while (order < Frames::largest_order && (low & ((Address{2} << order) - 1)) == 0 &&
         high - low >= (Address{2} << order)) {
    ++order;
  }
  return order;
}

}  // namespace

void clear(Address address, l4::Word bytes) {
  l4::Word words = bytes / sizeof(l4::Word);
  asm volatile("rep stosq" : "+D"(address), "+c"(words) : "a"(0) : "memory");
}

// The part low .. high - 1 of a descriptor that no later descriptor speaks of.
void Memory::find_ranges(const void* kip, l4::Word descriptor, Address low, Address high) {
  for (l4::Word i = descriptor + 1; i < L4_NumMemoryDescriptors(kip) && low < high; ++i) {
    const L4_MemoryDesc_t& other = *L4_MemoryDesc(kip, i);
    if (L4_IsMemoryDescVirtual(&other)) continue;
    const Address from = L4_MemoryDescLow(&other), to = L4_MemoryDescHigh(&other) + 1;
    if (from >= high || to <= low) continue;
    if (to < high) find_ranges(kip, i, to, high);
    high = from > low ? from : low;
  }
  low = (low + 0xfff) & ~Address{0xfff};
  high &= ~Address{0xfff};
  if (low < low_megabyte) low = low_megabyte;
  if (low >= high || range_count_ == ranges_.size()) return;
  ranges_[range_count_++] = {low, high};
  known_pages_ += (high - low) >> Frames::page_order;
}

// At the end of the first range that has room: sigma0 would give the memory once more if it were
// still in a range.
Address Memory::claim_notes(l4::Word bytes) {
  for (Range& range : ranges_) {
    if (range.high - range.low < bytes || !runtime::claim_memory(range.high - bytes, range.high)) continue;
    range.high -= bytes;
    known_pages_ -= bytes >> Frames::page_order;
    clear(range.high, bytes);
    return range.high;
  }
  return 0;
}

bool Memory::init() {
  const void* const kip = L4_GetKernelInterface();
  for (l4::Word i = 0; i < L4_NumMemoryDescriptors(kip); ++i) {
    const L4_MemoryDesc_t& descriptor = *L4_MemoryDesc(kip, i);
    if (L4_IsMemoryDescVirtual(&descriptor)) continue;
    if ((L4_MemoryDescType(&descriptor) & 0xf) != L4_ConventionalMemoryType) continue;
    find_ranges(kip, i, L4_MemoryDescLow(&descriptor), L4_MemoryDescHigh(&descriptor) + 1);
  }
  Address end = 0;
  for (const Range& range : ranges_) end = range.high > end ? range.high : end;
  const l4::Word pages = end >> Frames::page_order;
  const Address notes = claim_notes((pages * sizeof(Frames::Note) + 0xfff) & ~Address{0xfff});
  if (notes == 0) return false;
  frames_.init({reinterpret_cast<Frames::Note*>(notes), pages});
  return true;
}

// What sigma0 refuses is somebody else's.
bool Memory::grow() {
  bool grown = false;
  while (!grown && range_count_ > 0) {
    Range& range = ranges_[range_count_ - 1];
    if (range.low >= range.high) {
      --range_count_;
      continue;
    }
    const unsigned order = largest_order(range.low, range.high);
    const Address end = range.low + (Address{1} << order);
    for (Address at = range.low; at < end;) {
      unsigned piece = at == range.low ? order : largest_order(at, end);
      while (!runtime::claim_memory(at, at + (Address{1} << piece)) && piece > 0) {
        piece = piece > Frames::page_order ? piece - 1 : 0;
      }
      if (piece == 0) {
        at += Address{1} << Frames::page_order;
        --known_pages_;
        continue;
      }
      frames_.add(at, piece);
      grown = true;
      at += Address{1} << piece;
    }
    range.low = end;
  }
  return grown;
}

std::optional<Address> Memory::allocate(unsigned order, Owner owner) {
  std::optional<Address> address = frames_.allocate(order, owner);
  while (!address && grow()) address = frames_.allocate(order, owner);
  if (address) clear(*address, Address{1} << order);
  return address;
}

void Memory::free(Address address, unsigned order) {
  L4_UnmapFpage(l4::Fpage::memory(address, order, l4::full_access));
  frames_.free(address);
}

void Memory::free_all(Owner owner) {
  while (const auto block = frames_.first(owner)) free(block->address, block->order);
}

}  // namespace root
