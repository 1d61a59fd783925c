// SPDX-License-Identifier: MIT
#include "fill_kip.h"

namespace mica {

namespace {

using Type = MemoryDescriptor::Type;

constexpr unsigned boot_info_subtype = 1, server_subtype = 2, module_subtype = 3;

// The kernel adds descriptors of its own: the user area.
constexpr std::size_t kept_for_kernel = 8;

class Descriptors {
 public:
  void add(Type type, unsigned subtype, Range range) {
    if (!range.empty()) list_.push(MemoryDescriptor::make(type, subtype, false, range.low, range.high - 1));
  }
  void add_segments(const ElfImage& image) {
    for (const Segment& segment : image.segments) {
      add(Type::boot_loader, server_subtype, segment.physical_range().pages_around());
    }
  }
  std::span<const MemoryDescriptor> view() const { return list_.view(); }
  std::size_t size() const { return list_.size(); }

 private:
  FixedVector<MemoryDescriptor, Kip::max_descriptors - kept_for_kernel> list_;
};

// What lies over firmware's map; later ones override earlier ones.
void describe_own(Descriptors& own, const PlacementRequest& request, const Placement& placement) {
  own.add(Type::shared, 0, {0xa0000, 0x100000});  // VGA and ROM
  own.add(Type::reserved, 0, {placement.kernel_base, placement.kernel_base + placement.kernel_size});
  own.add(Type::reserved, 0, placement.kernel_memory);
  own.add_segments(request.sigma0);
  own.add_segments(request.root);
  for (std::size_t i = first_free_module; i < placement.modules.size(); ++i) {
    own.add(Type::boot_loader, module_subtype, placement.modules[i].pages_around());
  }
  own.add(Type::boot_loader, boot_info_subtype, placement.boot_info);
}

RootServer root_server(const ElfImage& image) {
  const Range span = image.physical_span();
  return {0, image.entry, span.low, span.high};
}

}  // namespace

Kip* find_kip(std::span<u8> kernel) {
  for (u64 at = 0; at + page_size <= kernel.size(); at += page_size) {
    if (load<u64>(kernel, at) == u64{Kip::expected_magic}) return reinterpret_cast<Kip*>(kernel.data() + at);
  }
  return nullptr;
}

void fill_kip(Kip& page, const PlacementRequest& request, const Placement& placement) {
  page.sigma0 = root_server(request.sigma0);
  page.root_task = root_server(request.root);
  page.sigma1 = {};
  page.boot_info = placement.boot_info.low;

  Descriptors own;
  describe_own(own, request, placement);
  Descriptors all;
  all.add(Type::shared, 0, {0, ~u64{0}});
  // Of a map with very many regions the usable ones count most: what is not
  // described remains shared, as device memory is.
  const std::size_t room = Kip::max_descriptors - kept_for_kernel - own.size();
  for (const bool usable : {true, false}) {
    for (const Region& region : request.map) {
      if ((region.type == Region::usable) != usable || all.size() == room) continue;
      const unsigned subtype = usable ? 0 : region.type < 16 ? region.type : 15;
      all.add(usable ? Type::conventional : Type::architecture, subtype, region.range);
    }
  }
  u64 count = 0;
  for (const MemoryDescriptor& descriptor : all.view()) page.memory[count++] = descriptor;
  for (const MemoryDescriptor& descriptor : own.view()) page.memory[count++] = descriptor;
  page.memory_info = (page.memory_info & ~u64{0xffffffff}) | count;
}

}  // namespace mica
