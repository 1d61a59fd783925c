// SPDX-License-Identifier: MIT
#include "placement.h"

#include "boot_info.h"

namespace mica {

namespace {

constexpr u64 least_kernel_memory = u64{16} << 20;

Placement bad(int module, const char* fault) {
  Placement placement;
  placement.fault = fault;
  placement.faulty_module = module;
  return placement;
}

bool in_ram(const MemoryMap& map, Range range) {
  for (const Region& region : map) {
    if (region.type == Region::usable && region.range.contains(range)) return true;
  }
  return false;
}

bool touches(const ElfImage& image, Range range) {
  for (const Segment& segment : image.segments) {
    if (segment.physical_range().pages_around().overlaps(range)) return true;
  }
  return false;
}

bool touches(const ElfImage& a, const ElfImage& b) {
  for (const Segment& segment : a.segments) {
    if (touches(b, segment.physical_range().pages_around())) return true;
  }
  return false;
}

const char* check_kernel(const ElfImage& kernel) {
  for (const Segment& segment : kernel.segments) {
    if (segment.virtual_address < kernel_half)
      return "the kernel is not linked at 0xffffffff80000000 or above";
    if (segment.virtual_address % page_size != 0) return "a segment of the kernel is not page aligned";
  }
  return nullptr;
}

const char* check_server(const ElfImage& server, const PlacementRequest& request) {
  for (const Segment& segment : server.segments) {
    const Range pages = segment.physical_range().pages_around();
    if (pages.high > four_gib || !in_ram(request.map, pages))
      return "a segment lies outside memory (RAM below 4 GiB)";
    if (pages.overlaps(request.first_stage)) return "a segment overlaps the first stage at 1 MiB";
  }
  return nullptr;
}

// Half of the largest piece at most, so that others get some too.
u64 default_kernel_memory(const MemoryMap& map, const FreeMemory& free) {
  u64 total = 0;
  for (const Region& region : map) {
    if (region.type == Region::usable) total += region.range.size();
  }
  u64 size = (total / 8 + large_page - 1) & ~(large_page - 1);
  const u64 most = (free.largest(large_page) / 2) & ~(large_page - 1);
  if (size > most) size = most;
  return size < least_kernel_memory ? least_kernel_memory : size;
}

// Modules in the way of a program's pages, or not page aligned, get new places.
const char* place_modules(Placement& placement, FreeMemory& free, const PlacementRequest& request) {
  for (const BootModule& module : request.modules) free.remove(module.place.pages_around());
  for (const BootModule& module : request.modules) {
    Range place = module.place;
    const Range pages = place.pages_around();
    const bool in_way = touches(request.sigma0, pages) || touches(request.root, pages) ||
                        pages.overlaps(request.first_stage);
    if (in_way || place.low % page_size != 0) {
      const auto moved = free.take_highest(pages.size(), page_size);
      if (!moved) return "too little memory: no place for a copy of it";
      place = {*moved, *moved + place.size()};
    }
    placement.modules.push(place);
  }
  return nullptr;
}

u64 boot_info_size(const PlacementRequest& request) {
  u64 texts = 0;
  for (const BootModule& module : request.modules) texts += module.command_line.size() + 1;
  return Range::round_up(BootInfoWriter::size_for(request.modules.size(), texts));
}

}  // namespace

Placement place_all(const PlacementRequest& request) {
  if (const char* fault = check_kernel(request.kernel)) return bad(kernel_module, fault);
  if (const char* fault = check_server(request.sigma0, request)) return bad(sigma0_module, fault);
  if (const char* fault = check_server(request.root, request)) return bad(root_module, fault);
  if (touches(request.sigma0, request.root)) return bad(root_module, "its segments overlap those of sigma0");

  FreeMemory free;
  for (const Region& region : request.map) {
    if (region.type == Region::usable) free.add(region.range);
  }
  free.remove({0, u64{1} << 20});
  free.remove({four_gib, ~u64{0}});
  free.remove(request.first_stage);
  for (const Segment& segment : request.sigma0.segments) free.remove(segment.physical_range().pages_around());
  for (const Segment& segment : request.root.segments) free.remove(segment.physical_range().pages_around());

  Placement placement;
  if (const char* fault = place_modules(placement, free, request)) {
    return bad(static_cast<int>(placement.modules.size()), fault);
  }

  const Range span = request.kernel.virtual_span().pages_around();
  placement.kernel_size = span.size();
  const auto base = free.take_highest(placement.kernel_size, large_page);
  if (!base) return bad(kernel_module, "too little memory: no place for the kernel");
  placement.kernel_base = *base;

  const u64 info_size = boot_info_size(request);
  const auto info = free.take_highest(info_size, page_size);
  if (!info) return bad(Placement::no_module, "too little memory: no place for the boot information");
  placement.boot_info = {*info, *info + info_size};

  const bool wanted = request.kernel_memory != 0;
  const u64 size = wanted ? Range::round_up(request.kernel_memory) : default_kernel_memory(request.map, free);
  const auto memory = free.take_highest(size, large_page);
  if (!memory) {
    return bad(Placement::no_module,
               wanted ? "too little memory: no place for as much kernel memory as kmem= says"
                      : "too little memory: the kernel needs 16 MiB in one piece");
  }
  placement.kernel_memory = {*memory, *memory + size};
  return placement;
}

}  // namespace mica
