// SPDX-License-Identifier: MIT
#include "acpi.h"

namespace mica {

namespace {

constexpr u32 signature(const char (&text)[5]) {
  u32 value = 0;
  for (unsigned i = 4; i-- > 0;) value = value << 8 | static_cast<u8>(text[i]);
  return value;
}

constexpr u64 header_size = 36;
constexpr u32 longest_table = 1 << 20;

bool sums_to_zero(Bytes bytes) {
  u8 sum = 0;
  for (const u8 byte : bytes) sum = static_cast<u8>(sum + byte);
  return sum == 0;
}

// The whole table at an address if it is sound.
std::optional<Bytes> table_at(u64 address, const PhysicalMemory& memory) {
  const auto length = memory.read_as<u32>(address + 4);
  if (address == 0 || !length || *length < header_size || *length > longest_table) return std::nullopt;
  const auto table = memory.read(address, *length);
  if (!table || !sums_to_zero(*table)) return std::nullopt;
  return table;
}

void add_cpu(Platform& platform, u32 apic_id, u32 flags) {
  constexpr u32 enabled = 1;
  if ((flags & enabled) == 0 || platform.cpu_count == Platform::max_cpus) return;
  for (u32 i = 0; i < platform.cpu_count; ++i) {
    if (platform.cpu_apic_ids[i] == apic_id) return;  // listed twice, as is the boot processor
  }
  platform.cpu_apic_ids[platform.cpu_count++] = apic_id;
}

void read_madt_entry(Platform& platform, u8 type, Bytes entry) {
  switch (type) {
    case 0:  // processor
      if (entry.size() >= 8) add_cpu(platform, entry[3], *load<u32>(entry, 4));
      break;
    case 1:  // I/O APIC
      if (entry.size() >= 12 && platform.io_apic_count < Platform::max_io_apics) {
        platform.io_apics[platform.io_apic_count++] = {*load<u32>(entry, 4), *load<u32>(entry, 8), entry[2]};
      }
      break;
    case 2:  // override of an ISA interrupt
      if (entry.size() >= 10 && entry[3] < 16 && platform.override_count < Platform::max_overrides) {
        platform.overrides[platform.override_count++] = {entry[3], *load<u32>(entry, 4), *load<u16>(entry, 8),
                                                         0};
      }
      break;
    case 5:  // the local APIC's 64-bit address
      if (entry.size() >= 12) platform.local_apic = *load<u64>(entry, 4);
      break;
    case 9:  // processor with a 32-bit id
      if (entry.size() >= 16) add_cpu(platform, *load<u32>(entry, 4), *load<u32>(entry, 8));
      break;
    default: break;
  }
}

void read_madt(Platform& platform, Bytes table) {
  const auto address = load<u32>(table, header_size), flags = load<u32>(table, header_size + 4);
  if (!address || !flags) return;
  platform.local_apic = *address;
  platform.has_pic = *flags & 1;
  for (u64 at = header_size + 8; at + 2 <= table.size();) {
    const u8 type = table[at], length = table[at + 1];
    if (length < 2 || length > table.size() - at) return;
    read_madt_entry(platform, type, table.subspan(at, length));
    at += length;
  }
}

void read_hpet(Platform& platform, Bytes table) {
  const auto address_space = load<u8>(table, header_size + 4);
  const auto address = load<u64>(table, header_size + 8);
  constexpr u8 in_memory = 0;
  if (address_space && address && *address_space == in_memory) platform.hpet = *address;
}

void read_mcfg(Platform& platform, Bytes table) {
  for (u64 at = header_size + 8; at + 16 <= table.size(); at += 16) {
    const u64 base = *load<u64>(table, at);
    const u16 segment = *load<u16>(table, at + 8);
    const u8 first_bus = table[at + 10];
    if (segment == 0 && first_bus == 0 && platform.mcfg_base == 0) platform.mcfg_base = base;
  }
}

// The root table lists the others by addresses of 4 or 8 bytes.
template <class Word>
void read_root_table(Platform& platform, Bytes root, const PhysicalMemory& memory) {
  for (u64 at = header_size; at + sizeof(Word) <= root.size(); at += sizeof(Word)) {
    const u64 address = *load<Word>(root, at);
    const auto name = memory.read_as<u32>(address);
    if (!name || (*name != signature("APIC") && *name != signature("HPET") && *name != signature("MCFG")))
      continue;
    const auto table = table_at(address, memory);
    if (!table) continue;
    if (*name == signature("APIC")) read_madt(platform, *table);
    else if (*name == signature("HPET")) read_hpet(platform, *table);
    else read_mcfg(platform, *table);
  }
}

void read_tables(Platform& platform, Bytes rsdp, const PhysicalMemory& memory) {
  if (!valid_rsdp(rsdp)) return;
  if (rsdp[15] >= 2) {
    const auto extended = table_at(*load<u64>(rsdp, 24), memory);
    if (extended && *load<u32>(*extended, 0) == signature("XSDT")) {
      read_root_table<u64>(platform, *extended, memory);
      return;
    }
  }
  const auto root = table_at(*load<u32>(rsdp, 16), memory);
  if (root && *load<u32>(*root, 0) == signature("RSDT")) read_root_table<u32>(platform, *root, memory);
}

}  // namespace

bool valid_rsdp(Bytes bytes) {
  constexpr char name[] = "RSD PTR ";
  if (bytes.size() < 20) return false;
  for (unsigned i = 0; i < 8; ++i) {
    if (bytes[i] != static_cast<u8>(name[i])) return false;
  }
  if (!sums_to_zero(bytes.first(20))) return false;
  if (bytes[15] < 2) return true;
  const auto length = load<u32>(bytes, 20);
  return length && *length >= 36 && *length <= bytes.size() && sums_to_zero(bytes.first(*length));
}

u64 find_rsdp(const PhysicalMemory& memory) {
  const u64 extended_area = u64{memory.read_as<u16>(0x40e).value_or(0)} << 4;
  struct Place {
    u64 address, size;
  };
  for (const Place place : {Place{extended_area, 1024}, Place{0xe0000, 0x20000}}) {
    const auto area = memory.read(place.address, place.size);
    if (!area || place.address < 0x400) continue;  // no extended area
    for (u64 at = 0; at + 16 <= place.size; at += 16) {
      if (*load<u32>(*area, at) != signature("RSD ")) continue;
      const auto whole = memory.read(place.address + at, 36);
      if (whole && valid_rsdp(*whole)) return place.address + at;
    }
  }
  return 0;
}

void read_acpi(Platform& platform, Bytes rsdp, u32 boot_apic_id, const PhysicalMemory& memory) {
  platform.local_apic = 0xfee00000;
  platform.has_pic = 1;
  platform.cpu_count = 1;
  platform.cpu_apic_ids[0] = boot_apic_id;
  if (!rsdp.empty()) read_tables(platform, rsdp, memory);
}

}  // namespace mica
