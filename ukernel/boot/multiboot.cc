// SPDX-License-Identifier: MIT
#include "multiboot.h"

namespace mica {

namespace {

constexpr u64 longest_text = 1024;
constexpr const char* cut_off = "the boot loader's information is cut off";

void add_region(LoaderInfo& info, u64 base, u64 length, u32 type) {
  if (length == 0) return;
  const u64 end = base + length < base ? ~u64{0} : base + length;
  info.regions.push({{base, end}, type});
}

void add_module(LoaderInfo& info, u64 start, u64 end, std::span<const char> text) {
  if (end < start) info.fault = "a module ends before it starts";
  else if (!info.modules.push({{start, end}, info.keep(text)})) info.fault = "too many modules (at most 64)";
}

struct Info1 {
  u32 flags, memory_lower, memory_upper, boot_device, command_line, module_count, modules;
  u32 symbols[4];
  u32 map_length, map;
};

struct Framebuffer1 {  // at offset 88
  u64 address;
  u32 pitch, width, height;
  u8 bits, type;
} __attribute__((packed));

struct Module1 {
  u32 start, end, text, reserved;
};

struct MapEntry1 {
  u32 size;  // of the rest
  u64 base, length;
  u32 type;
} __attribute__((packed));

void read_multiboot1(LoaderInfo& info, u64 address, const PhysicalMemory& memory) {
  const auto head = memory.read_as<Info1>(address);
  if (!head) {
    info.fault = cut_off;
    return;
  }
  if ((head->flags & 1 << 2) != 0)
    info.command_line = info.keep(memory.text(head->command_line, longest_text));
  if ((head->flags & 1 << 3) != 0) {
    for (u32 i = 0; i < head->module_count && info.fault == nullptr; ++i) {
      const auto module = memory.read_as<Module1>(head->modules + u64{i} * sizeof(Module1));
      if (!module) {
        info.fault = cut_off;
        return;
      }
      add_module(info, module->start, module->end, memory.text(module->text, longest_text));
    }
  }
  if ((head->flags & 1 << 6) != 0) {
    const u64 end = u64{head->map} + head->map_length;
    for (u64 at = head->map; at < end;) {
      const auto entry = memory.read_as<MapEntry1>(at);
      if (!entry || entry->size < sizeof(MapEntry1) - 4) break;
      add_region(info, entry->base, entry->length, entry->type);
      at += u64{entry->size} + 4;
    }
  } else if ((head->flags & 1) != 0) {
    add_region(info, 0, u64{head->memory_lower} * 1024, Region::usable);
    add_region(info, 0x100000, u64{head->memory_upper} * 1024, Region::usable);
  }
  if ((head->flags & 1 << 12) != 0) {
    if (const auto fb = memory.read_as<Framebuffer1>(address + 88)) {
      info.framebuffer = {fb->address, fb->pitch, fb->width, fb->height, fb->bits, fb->type, 0};
    }
  }
}

struct Tag {
  u32 type, size;
};

void read_map2(LoaderInfo& info, Bytes tag) {
  const auto entry_size = load<u32>(tag, 8);
  if (!entry_size || *entry_size < 20) return;
  for (u64 at = 16; at + *entry_size <= tag.size(); at += *entry_size) {
    add_region(info, *load<u64>(tag, at), *load<u64>(tag, at + 8), *load<u32>(tag, at + 16));
  }
}

std::span<const char> text_in(Bytes tag, u64 offset) {
  return PhysicalMemory{0, tag}.text(offset, longest_text);
}

void read_tag2(LoaderInfo& info, u32 type, Bytes tag) {
  switch (type) {
    case 1: info.command_line = info.keep(text_in(tag, 8)); break;
    case 3: {
      const auto start = load<u32>(tag, 8), end = load<u32>(tag, 12);
      if (start && end) add_module(info, *start, *end, text_in(tag, 16));
      break;
    }
    case 6: read_map2(info, tag); break;
    case 8:
      if (const auto fb = load<Framebuffer1>(tag, 8)) {
        info.framebuffer = {fb->address, fb->pitch, fb->width, fb->height, fb->bits, fb->type, 0};
      }
      break;
    case 14:
    case 15: {
      // 14 is the old form; when both are there the new one (15) counts.
      u32 length = static_cast<u32>(tag.size() - 8);
      if (length > LoaderInfo::rsdp_size) length = LoaderInfo::rsdp_size;
      if (length < 20 || length <= info.rsdp_length) break;
      for (u32 i = 0; i < length; ++i) info.rsdp[i] = tag[8 + i];
      info.rsdp_length = length;
      break;
    }
    default: break;
  }
}

void read_multiboot2(LoaderInfo& info, u64 address, const PhysicalMemory& memory) {
  const auto total = memory.read_as<u32>(address);
  const auto all = total ? memory.read(address, *total) : std::nullopt;
  if (!all) {
    info.fault = cut_off;
    return;
  }
  for (u64 at = 8; info.fault == nullptr;) {
    const auto tag = load<Tag>(*all, at);
    if (!tag || tag->size < sizeof(Tag) || tag->size > all->size() - at) {
      info.fault = cut_off;
      return;
    }
    if (tag->type == 0) return;
    read_tag2(info, tag->type, all->subspan(at, tag->size));
    at += (u64{tag->size} + 7) & ~u64{7};
  }
}

}  // namespace

std::string_view LoaderInfo::keep(std::span<const char> text) {
  const std::size_t room = texts_.size() - texts_used_;
  const std::size_t length = text.size() < room ? text.size() : room;
  char* const copy = texts_.data() + texts_used_;
  for (std::size_t i = 0; i < length; ++i) copy[i] = text[i];
  texts_used_ += length;
  return {copy, length};
}

void read_multiboot(LoaderInfo& info, u32 magic, u64 address, const PhysicalMemory& memory) {
  if (magic == multiboot1_magic) read_multiboot1(info, address, memory);
  else if (magic == multiboot2_magic) read_multiboot2(info, address, memory);
  else info.fault = "the boot loader speaks neither multiboot 1 nor multiboot 2";
  if (info.fault == nullptr && info.regions.empty()) info.fault = "the boot loader gave no memory map";
}

}  // namespace mica
