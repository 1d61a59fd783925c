// SPDX-License-Identifier: MIT
// Where the first stage puts things, and what it writes about them: the kernel
// interface page and the boot information.
#include "boot/placement.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "boot/boot_info.h"
#include "boot/fill_kip.h"

using namespace mica;

namespace {

constexpr u64 mib = 1 << 20;

ElfImage program(std::initializer_list<Range> segments) {
  ElfImage image;
  for (const Range& range : segments) {
    image.segments.push({0, range.size(), range.size(), range.low, range.low, 7});
  }
  image.entry = segments.begin()->low;
  return image;
}

struct Setup {
  std::vector<Region> regions{{{0, 0x9fc00}, 1}, {{0x9fc00, 0xa0000}, 2}, {{mib, 256 * mib}, 1}};
  ElfImage kernel =
      program({{kernel_half, kernel_half + 0x4800}, {kernel_half + 0x5000, kernel_half + 0x9000}});
  ElfImage sigma0 = program({{4 * mib, 4 * mib + 0x2000}});
  ElfImage root = program({{16 * mib, 16 * mib + 0x2000}});
  std::vector<BootModule> modules{{{2 * mib, 2 * mib + 0x3000}, "kernel.elf"},
                                  {{0x203000, 0x204000}, "sigma0.elf"},
                                  {{0x204000, 0x205000}, "root.elf"},
                                  {{0x205000, 0x205123}, "data.txt hello"}};
  Range first_stage{mib, mib + 0x40000};
  u64 kernel_memory = 0;
  MemoryMap map{};

  PlacementRequest request() {
    map = normalise(regions);
    return {map, modules, kernel, sigma0, root, first_stage, kernel_memory};
  }
  Placement place() { return place_all(request()); }
  std::string fault() {
    const Placement placement = place();
    return placement.fault == nullptr ? "none" : placement.fault;
  }
};

// Nothing of what is in use at the same time may overlap.
void check_disjoint(const Setup& setup, const Placement& placement) {
  std::vector<Range> all = {setup.first_stage, placement.kernel_memory, placement.boot_info,
                            {placement.kernel_base, placement.kernel_base + placement.kernel_size}};
  for (const ElfImage* image : {&setup.sigma0, &setup.root}) {
    for (const Segment& segment : image->segments) all.push_back(segment.physical_range());
  }
  for (const Range& module : placement.modules) all.push_back(module);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(all[i].overlaps(all[j]));
  }
}

bool mentions(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("boot placement: the usual case") {
  Setup setup;
  const Placement placement = setup.place();
  REQUIRE(placement.fault == nullptr);
  check_disjoint(setup, placement);
  CHECK(placement.kernel_base % large_page == 0);
  CHECK(placement.kernel_size == 0x9000);
  CHECK(placement.kernel_memory.size() == 32 * mib);  // an eighth of 256 MiB
  CHECK(placement.kernel_memory.low % page_size == 0);
  REQUIRE(placement.modules.size() == 4);
  CHECK(placement.modules[3] == setup.modules[3].place);  // in nobody's way
}

TEST_CASE("boot placement: modules in the way move, page aligned") {
  Setup setup;
  setup.modules[3].place = {4 * mib + 0x1000, 4 * mib + 0x5000};  // on sigma0's segment
  setup.modules[1].place = {16 * mib - 0x1000, 16 * mib + 1};     // one byte into the root task's
  setup.modules[2].place = {0x204010, 0x205000};                  // not aligned
  const Placement placement = setup.place();
  REQUIRE(placement.fault == nullptr);
  check_disjoint(setup, placement);
  for (const unsigned moved : {1u, 2u, 3u}) {
    CHECK(placement.modules[moved].low != setup.modules[moved].place.low);
    CHECK(placement.modules[moved].low % page_size == 0);
    CHECK(placement.modules[moved].size() == setup.modules[moved].place.size());
  }
}

TEST_CASE("boot placement: kernel memory") {
  Setup setup;
  setup.kernel_memory = 100 * mib + 1;
  CHECK(setup.place().kernel_memory.size() == 100 * mib + page_size);
  setup.kernel_memory = 300 * mib;
  CHECK(mentions(setup.fault(), "kmem="));
  setup.kernel_memory = 0;
  setup.regions.back().range.high = 64 * mib;
  CHECK(setup.place().kernel_memory.size() == 16 * mib);  // the least
  setup.regions.back().range.high = 18 * mib;
  CHECK(mentions(setup.fault(), "too little memory"));
  // More than fits below 4 GiB: half of the largest piece, the rest is for others.
  setup.regions.back().range.high = 3072 * mib;
  setup.regions.push_back({{4096 * mib, 65536 * mib}, 1});
  const Placement placement = setup.place();
  REQUIRE(placement.fault == nullptr);
  CHECK(placement.kernel_memory.high <= four_gib);
  CHECK(placement.kernel_memory.size() > 1024 * mib);
  CHECK(placement.kernel_memory.size() < 1600 * mib);
}

TEST_CASE("boot placement: images that cannot be placed are named") {
  Setup setup;
  setup.root = program({{32 * mib, 33 * mib}, {4 * mib + 0x1000, 4 * mib + 0x1800}});
  CHECK(mentions(setup.fault(), "overlap those of sigma0"));
  CHECK(setup.place().faulty_module == root_module);
  // Two programs cannot share a page either.
  setup.sigma0 = program({{4 * mib, 4 * mib + 0x800}});
  setup.root = program({{4 * mib + 0x800, 4 * mib + 0x900}});
  CHECK(mentions(setup.fault(), "overlap those of sigma0"));
  setup.root = program({{mib + 0x1000, mib + 0x2000}});
  CHECK(mentions(setup.fault(), "first stage"));
  setup.root = program({{256 * mib - 0x1000, 256 * mib + 0x1000}});
  CHECK(mentions(setup.fault(), "outside memory"));
  setup.root = program({{8 * four_gib, 8 * four_gib + 1}});
  setup.regions.push_back({{four_gib, 16 * four_gib}, 1});
  CHECK(mentions(setup.fault(), "outside memory"));

  Setup kernels;
  kernels.kernel = program({{16 * mib, 17 * mib}});
  CHECK(mentions(kernels.fault(), "not linked at"));
  CHECK(kernels.place().faulty_module == kernel_module);
  kernels.kernel = program({{kernel_half + 0x800, kernel_half + 0x900}});
  CHECK(mentions(kernels.fault(), "page aligned"));
  kernels.kernel = program({{kernel_half, kernel_half + 512 * mib}});
  CHECK(mentions(kernels.fault(), "no place for the kernel"));
}

TEST_CASE("boot KIP: found, and its words and descriptors") {
  std::vector<u8> image(4 * page_size, 0);
  CHECK(find_kip(image) == nullptr);
  const u64 magic = Kip::expected_magic;
  std::memcpy(image.data() + 0x800, &magic, 8);  // not at a page's start
  CHECK(find_kip(image) == nullptr);

  Setup setup;
  const PlacementRequest request = setup.request();
  const Placement placement = place_all(request);
  auto kip = std::make_unique<Kip>();
  kip->memory_info = u64{0x2e0} << 32 | 5;
  fill_kip(*kip, request, placement);
  CHECK(kip->sigma0.ip == 4 * mib);
  CHECK(kip->sigma0.low == 4 * mib);
  CHECK(kip->sigma0.high == 4 * mib + 0x2000);
  CHECK(kip->sigma0.sp == 0);
  CHECK(kip->root_task.ip == 16 * mib);
  CHECK(kip->boot_info == placement.boot_info.low);
  CHECK(bits(kip->memory_info, 32, 32) == 0x2e0);
  const u64 count = bits(kip->memory_info, 0, 32);
  REQUIRE(count >= 10);

  using Type = MemoryDescriptor::Type;
  CHECK(kip->memory[0].type() == Type::shared);
  CHECK(kip->memory[0].low() == 0);
  CHECK(kip->memory[0].high() == ~u64{0});
  // The last descriptor that covers an address says what it is.
  const auto what = [&](u64 address) {
    unsigned result = 0;
    for (u64 i = 0; i < count; ++i) {
      const MemoryDescriptor& d = kip->memory[i];
      if (!d.is_virtual() && d.low() <= address && address <= d.high()) {
        result = d.subtype() << 4 | static_cast<unsigned>(d.type());
      }
    }
    return result;
  };
  CHECK(what(0x1000) == 0x01);
  CHECK(what(0x9f000) == 0x2f);   // firmware's type 2
  CHECK(what(0xb8000) == 0x04);
  CHECK(what(mib) == 0x01);       // the first stage itself is free memory now
  CHECK(what(2 * mib) == 0x01);   // and so is the kernel's file
  CHECK(what(4 * mib) == 0x2e);
  CHECK(what(16 * mib) == 0x2e);
  CHECK(what(0x205123) == 0x3e);
  CHECK(what(placement.boot_info.low) == 0x1e);
  CHECK(what(placement.kernel_base) == 0x02);
  CHECK(what(placement.kernel_memory.high - 1) == 0x02);
  CHECK(what(0xfee00000) == 0x04);
}

TEST_CASE("boot KIP: a map with very many regions leaves room for what matters") {
  Setup setup;
  for (u64 i = 0; i < 200; ++i) {
    const u64 low = 300 * mib + i * 0x4000;
    setup.regions.push_back({{low, low + 0x1000}, static_cast<u32>(3 + i % 2)});
  }
  const PlacementRequest request = setup.request();
  const Placement placement = place_all(request);
  auto kip = std::make_unique<Kip>();
  fill_kip(*kip, request, placement);
  const u64 count = bits(kip->memory_info, 0, 32);
  CHECK(count < Kip::max_descriptors);
  CHECK(kip->memory[count - 1].low() == placement.boot_info.low);
}

TEST_CASE("boot information: records can be walked") {
  std::vector<u8> memory(4096, 0xaa);
  BootInfoWriter writer(memory, 0x7000);
  writer.add_module(0x400000, 0x2000, "sigma0.elf");
  writer.add_module(0x205000, 0x123, "");
  const std::vector<u8> root_pointer(36, 0x5a);
  const u64 copy = writer.add_rsdp(0, root_pointer);
  writer.add_framebuffer({0xfd000000, 3200, 800, 600, 32, 1, 0});
  writer.add_start_time(0x123456789abc);
  writer.finish();

  const auto header = *load<BootInfoHeader>(memory, 0);
  CHECK(header.magic == 0x14b0021d);
  CHECK(header.version == 1);
  CHECK(header.first_record == 0x40);
  REQUIRE(header.record_count == 5);
  CHECK(header.size <= memory.size());
  u64 at = header.first_record;
  const auto first = *load<BootModuleRecord>(memory, at);
  CHECK(first.type == 1);
  CHECK(first.start == 0x400000);
  CHECK(first.size == 0x2000);
  CHECK(std::string(reinterpret_cast<const char*>(memory.data() + at + first.command_line)) == "sigma0.elf");
  at += first.next;
  CHECK(*load<u64>(memory, at + 0x20) == 0x123);
  at += *load<u64>(memory, at + 0x10);
  CHECK(*load<u64>(memory, at) == BootRecord::rsdp);
  CHECK(*load<u64>(memory, at + 0x18) == copy);
  CHECK(copy % 16 == 0);
  CHECK(std::memcmp(memory.data() + (copy - 0x7000), root_pointer.data(), 36) == 0);
  at += *load<u64>(memory, at + 0x10);
  CHECK(*load<u64>(memory, at) == BootRecord::framebuffer);
  CHECK(*load<u64>(memory, at + 0x18) == 0xfd000000);
  at += *load<u64>(memory, at + 0x10);
  CHECK(*load<u64>(memory, at) == BootRecord::start_time);
  CHECK(*load<u64>(memory, at + 0x18) == 0x123456789abc);
  at += *load<u64>(memory, at + 0x10);
  CHECK(at == header.size);
}

TEST_CASE("boot information: the size asked for is always enough") {
  for (u64 modules = 0; modules < 40; modules += 3) {
    u64 texts = 0;
    for (u64 i = 0; i < modules; ++i) texts += i % 9 + 1;
    std::vector<u8> memory(BootInfoWriter::size_for(modules, texts));
    BootInfoWriter writer(memory, 0x10000);
    for (u64 i = 0; i < modules; ++i) writer.add_module(i, i, std::string(i % 9, 'x'));
    writer.add_rsdp(0, std::vector<u8>(36, 1));
    writer.add_framebuffer({1, 2, 3, 4, 5, 6, 0});
    writer.add_start_time(7);
    writer.finish();
    CHECK(load<BootInfoHeader>(memory, 0)->record_count == modules + 3);
  }
}
