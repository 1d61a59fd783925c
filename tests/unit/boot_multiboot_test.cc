// SPDX-License-Identifier: MIT
// What boot loaders say, in both forms.
#include "boot/multiboot.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace mica;

namespace {

class Arena {
 public:
  static constexpr u64 first = 0x10000, size = 0x4000;

  Arena() : bytes_(size, 0) {}
  template <class T>
  void set(u64 address, T value) {
    std::memcpy(bytes_.data() + (address - first), &value, sizeof(T));
  }
  void text(u64 address, const std::string& text) {
    std::memcpy(bytes_.data() + (address - first), text.c_str(), text.size() + 1);
  }
  std::unique_ptr<LoaderInfo> read(u32 magic) const {
    auto info = std::make_unique<LoaderInfo>();
    read_multiboot(*info, magic, first, {first, bytes_});
    return info;
  }

 private:
  std::vector<u8> bytes_;
};

// Tags one after the other, aligned to 8.
class Tags {
 public:
  Tags& tag(u32 type, const std::vector<u8>& body) {
    arena_.set<u32>(at_, type);
    arena_.set<u32>(at_ + 4, static_cast<u32>(8 + body.size()));
    for (u64 i = 0; i < body.size(); ++i) arena_.set<u8>(at_ + 8 + i, body[i]);
    at_ = (at_ + 8 + body.size() + 7) & ~u64{7};
    return *this;
  }
  Arena& end() {
    tag(0, {});
    arena_.set<u32>(Arena::first, static_cast<u32>(at_ - Arena::first));
    return arena_;
  }

 private:
  Arena arena_;
  u64 at_ = Arena::first + 8;
};

std::vector<u8> words(std::initializer_list<u64> values, unsigned bytes, const char* text = nullptr) {
  std::vector<u8> result;
  for (const u64 value : values) {
    for (unsigned i = 0; i < bytes; ++i) result.push_back(static_cast<u8>(value >> (8 * i)));
  }
  for (; text != nullptr; ++text) {
    result.push_back(static_cast<u8>(*text));
    if (*text == 0) break;
  }
  return result;
}

std::vector<u8> map_tag() {
  std::vector<u8> body = words({24, 0}, 4);
  for (const u64 value : {u64{0x100000}, u64{0x700000}, u64{1}, u64{0xfffc0000}, u64{0x40000}, u64{2}}) {
    const auto more = words({value}, 8);
    body.insert(body.end(), more.begin(), more.end());
  }
  return body;
}

Arena form1() {
  Arena arena;
  arena.set<u32>(0x10000, 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6);
  arena.set<u32>(0x10010, 0x11000);
  arena.text(0x11000, "boot.elf kmem=32M");
  arena.set<u32>(0x10014, 2);
  arena.set<u32>(0x10018, 0x11100);
  for (u32 i = 0; i < 2; ++i) {
    arena.set<u32>(0x11100 + 16 * i, 0x200000 + 0x1000 * i);
    arena.set<u32>(0x11104 + 16 * i, 0x200800 + 0x1000 * i);
    arena.set<u32>(0x11108 + 16 * i, 0x11200 + 0x20 * i);
    arena.text(0x11200 + 0x20 * i, i == 0 ? "kernel.elf" : "sigma0.elf a b");
  }
  arena.set<u32>(0x1002c, 48);
  arena.set<u32>(0x10030, 0x11300);
  for (u32 i = 0; i < 2; ++i) {
    const u64 at = 0x11300 + 24 * i;
    arena.set<u32>(at, 20);
    arena.set<u64>(at + 4, i == 0 ? 0x100000 : 0xfffc0000);
    arena.set<u64>(at + 12, i == 0 ? 0x700000 : 0x40000);
    arena.set<u32>(at + 20, i + 1);
  }
  return arena;
}

}  // namespace

TEST_CASE("boot multiboot 1") {
  const auto info = form1().read(multiboot1_magic);
  REQUIRE(info->fault == nullptr);
  CHECK(info->command_line == "boot.elf kmem=32M");
  REQUIRE(info->modules.size() == 2);
  CHECK(info->modules[1].place == Range{0x201000, 0x201800});
  CHECK(info->modules[1].command_line == "sigma0.elf a b");
  REQUIRE(info->regions.size() == 2);
  CHECK(info->regions[0] == Region{{0x100000, 0x800000}, 1});
  CHECK(info->regions[1] == Region{{0xfffc0000, 0x100000000}, 2});
  CHECK(info->framebuffer.base == 0);
}

TEST_CASE("boot multiboot 1: sizes of memory stand in for a map") {
  Arena arena;
  arena.set<u32>(0x10000, 1);
  arena.set<u32>(0x10004, 639);
  arena.set<u32>(0x10008, 7 * 1024);
  const auto info = arena.read(multiboot1_magic);
  REQUIRE(info->regions.size() == 2);
  CHECK(info->regions[0] == Region{{0, 639 * 1024}, 1});
  CHECK(info->regions[1] == Region{{0x100000, 0x800000}, 1});
}

TEST_CASE("boot multiboot 2") {
  Tags tags;
  tags.tag(1, words({}, 1, "nx=off"));
  tags.tag(3, words({0x200000, 0x200800}, 4, "kernel.elf"));
  tags.tag(6, map_tag());
  tags.tag(15, std::vector<u8>(36, 0x15));
  tags.tag(14, std::vector<u8>(20, 0x14));
  std::vector<u8> screen = words({0xfd000000}, 8);
  const auto sizes = words({3200, 800, 600}, 4);
  screen.insert(screen.end(), sizes.begin(), sizes.end());
  screen.insert(screen.end(), {32, 1, 0, 0});
  tags.tag(8, screen);
  tags.tag(77, {1, 2, 3});
  const auto info = tags.end().read(multiboot2_magic);
  REQUIRE(info->fault == nullptr);
  CHECK(info->command_line == "nx=off");
  REQUIRE(info->modules.size() == 1);
  CHECK(info->modules[0].command_line == "kernel.elf");
  REQUIRE(info->regions.size() == 2);
  CHECK(info->regions[1] == Region{{0xfffc0000, 0x100000000}, 2});
  CHECK(info->rsdp_length == 36);  // the newer form counts, in any order
  CHECK(info->rsdp[0] == 0x15);
  CHECK(info->framebuffer.base == 0xfd000000);
  CHECK(info->framebuffer.width == 800);
  CHECK(info->framebuffer.bits == 32);
}

TEST_CASE("boot multiboot: what cannot be is named") {
  Tags tags;
  tags.tag(6, map_tag());
  Arena& arena = tags.end();
  CHECK(arena.read(multiboot2_magic)->fault == nullptr);
  CHECK(arena.read(0)->fault != nullptr);
  arena.set<u32>(Arena::first + 8 + 4, 4);  // a tag smaller than its own head
  CHECK(arena.read(multiboot2_magic)->fault != nullptr);
  arena.set<u32>(Arena::first + 8 + 4, 0x10000);  // a tag larger than all
  CHECK(arena.read(multiboot2_magic)->fault != nullptr);
  arena.set<u32>(Arena::first, Arena::size + 1);  // all of it larger than memory
  CHECK(arena.read(multiboot2_magic)->fault != nullptr);

  Tags backwards;
  backwards.tag(6, map_tag()).tag(3, words({0x200000, 0x100000}, 4, "x"));
  CHECK(backwards.end().read(multiboot2_magic)->fault != nullptr);

  Tags many;
  many.tag(6, map_tag());
  for (u64 i = 0; i < LoaderInfo::max_modules + 1; ++i) many.tag(3, words({0x200000, 0x200001}, 4, "x"));
  CHECK(std::string(many.end().read(multiboot2_magic)->fault).find("too many modules") != std::string::npos);

  Tags nothing;
  CHECK(std::string(nothing.end().read(multiboot2_magic)->fault).find("no memory map") != std::string::npos);
}
