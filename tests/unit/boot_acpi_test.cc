// SPDX-License-Identifier: MIT
// ACPI tables in an arena that stands for physical memory.
#include "boot/acpi.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

using namespace mica;

namespace {

class Machine {
 public:
  static constexpr u64 size = 0x120000;

  Machine() : bytes_(size, 0) {}

  template <class T>
  void set(u64 at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  void text(u64 at, const char* text) { std::memcpy(bytes_.data() + at, text, std::strlen(text)); }
  // Makes `length` bytes sum to zero by the byte at `at + where`.
  void seal(u64 at, u64 length, u64 where) {
    bytes_[at + where] = 0;
    u8 sum = 0;
    for (u64 i = 0; i < length; ++i) sum = static_cast<u8>(sum + bytes_[at + i]);
    bytes_[at + where] = static_cast<u8>(-sum);
  }
  void table(u64 at, const char* name, const std::vector<u8>& body) {
    text(at, name);
    set<u32>(at + 4, static_cast<u32>(36 + body.size()));
    for (u64 i = 0; i < body.size(); ++i) bytes_[at + 36 + i] = body[i];
    seal(at, 36 + body.size(), 9);
  }
  // The root pointer, of version 1 with an RSDT or 2 with an XSDT.
  void root_pointer(u64 at, u64 root, bool version2) {
    text(at, "RSD PTR ");
    if (version2) {
      set<u8>(at + 15, 2);
      set<u32>(at + 20, 36);
      set<u64>(at + 24, root);
    } else {
      set<u32>(at + 16, static_cast<u32>(root));
    }
    seal(at, 20, 8);
    if (version2) seal(at, 36, 32);
  }
  PhysicalMemory memory() const { return {0, bytes_}; }
  Platform read(u64 rsdp, u32 own_id = 0) const {
    Platform platform{};
    read_acpi(platform, rsdp == 0 ? Bytes{} : *memory().read(rsdp, 36), own_id, memory());
    return platform;
  }

 private:
  std::vector<u8> bytes_;
};

void append(std::vector<u8>& body, std::initializer_list<unsigned> bytes) {
  for (const unsigned byte : bytes) body.push_back(static_cast<u8>(byte));
}
void append_word(std::vector<u8>& body, u64 value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) body.push_back(static_cast<u8>(value >> (8 * i)));
}

std::vector<u8> madt_body() {
  std::vector<u8> body;
  append_word(body, 0xfee00000, 4);
  append_word(body, 1, 4);                                  // an 8259 pair
  append(body, {0, 8, 0, 0, 1, 0, 0, 0});                   // CPU 0
  append(body, {0, 8, 1, 4, 1, 0, 0, 0});                   // CPU 4
  append(body, {0, 8, 2, 6, 0, 0, 0, 0});                   // disabled
  append(body, {1, 12, 3, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0});  // I/O APIC 3 at 0xfec00000
  append(body, {2, 10, 0, 0, 2, 0, 0, 0, 5, 0});            // IRQ 0 -> 2
  append(body, {2, 10, 0, 77, 2, 0, 0, 0, 5, 0});           // no ISA interrupt
  append(body, {4, 6, 0xff, 0, 0, 1});                      // NMI, of no interest
  append(body, {9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});  // CPU 0x1234
  return body;
}

Machine usual(bool version2) {
  Machine machine;
  machine.table(0x100000, "APIC", madt_body());
  std::vector<u8> hpet;
  append_word(hpet, 0x8086a201, 4);
  append(hpet, {0, 64, 0, 0});
  append_word(hpet, 0xfed00000, 8);
  machine.table(0x101000, "HPET", hpet);
  std::vector<u8> mcfg(8, 0);
  append_word(mcfg, 0xb0000000, 8);
  append(mcfg, {0, 0, 0, 255, 0, 0, 0, 0});
  machine.table(0x102000, "MCFG", mcfg);
  std::vector<u8> root;
  for (const u64 table : {0x100000u, 0x101000u, 0x102000u}) append_word(root, table, version2 ? 8 : 4);
  machine.table(0x103000, version2 ? "XSDT" : "RSDT", root);
  machine.root_pointer(0xe0010, 0x103000, version2);
  return machine;
}

}  // namespace

TEST_CASE("boot acpi: both forms of root table") {
  for (const bool version2 : {false, true}) {
    CAPTURE(version2);
    const Machine machine = usual(version2);
    CHECK(find_rsdp(machine.memory()) == 0xe0010);
    const Platform platform = machine.read(0xe0010, 4);
    CHECK(platform.local_apic == 0xfee00000);
    CHECK(platform.has_pic == 1);
    REQUIRE(platform.cpu_count == 3);
    CHECK(platform.cpu_apic_ids[0] == 4);  // the boot processor first
    CHECK(platform.cpu_apic_ids[1] == 0);
    CHECK(platform.cpu_apic_ids[2] == 0x1234);
    REQUIRE(platform.io_apic_count == 1);
    CHECK(platform.io_apics[0].base == 0xfec00000);
    CHECK(platform.io_apics[0].id == 3);
    REQUIRE(platform.override_count == 1);
    CHECK(platform.overrides[0].gsi == 2);
    CHECK(platform.overrides[0].flags == 5);
    CHECK(platform.hpet == 0xfed00000);
    CHECK(platform.mcfg_base == 0xb0000000);
  }
}

TEST_CASE("boot acpi: without tables there is this CPU and the usual addresses") {
  const Platform platform = Machine{}.read(0, 9);
  CHECK(platform.cpu_count == 1);
  CHECK(platform.cpu_apic_ids[0] == 9);
  CHECK(platform.local_apic == 0xfee00000);
  CHECK(platform.has_pic == 1);
  CHECK(platform.io_apic_count == 0);
  CHECK(platform.hpet == 0);
  CHECK(find_rsdp(Machine{}.memory()) == 0);
}

TEST_CASE("boot acpi: the root pointer is also looked for in the extended BIOS data area") {
  Machine machine;
  machine.set<u16>(0x40e, 0x9fc0);
  machine.root_pointer(0x9fc20, 0x100000, false);
  CHECK(find_rsdp(machine.memory()) == 0x9fc20);
}

TEST_CASE("boot acpi: a bad checksum makes a table absent, not the others") {
  Machine machine = usual(true);
  machine.set<u8>(0x101000 + 60 - 16, 0x77);  // in the HPET's address
  const Platform platform = machine.read(0xe0010);
  CHECK(platform.hpet == 0);
  CHECK(platform.io_apic_count == 1);
  CHECK(platform.mcfg_base == 0xb0000000);

  machine.set<u8>(0xe0010 + 9, 0x77);  // in the root pointer
  CHECK(find_rsdp(machine.memory()) == 0);
  CHECK(machine.read(0xe0010).io_apic_count == 0);
}

TEST_CASE("boot acpi: absurd lengths and addresses are survived") {
  Machine machine = usual(false);
  for (const u32 length : {0u, 8u, 35u, 0x7fffffffu, 0xffffffffu}) {
    machine.set<u32>(0x100000 + 4, length);
    CHECK(machine.read(0xe0010).io_apic_count == 0);
  }
  std::vector<u8> wild;
  append_word(wild, 0, 4);
  append_word(wild, 0xfffffff0, 4);
  append_word(wild, Machine::size - 4, 4);
  machine.table(0x103000, "RSDT", wild);
  CHECK(machine.read(0xe0010).hpet == 0);
}

TEST_CASE("boot acpi: entries of the MADT that are cut off or empty end it") {
  for (const std::initializer_list<unsigned> tail :
       {std::initializer_list<unsigned>{1, 0}, {1, 12, 0}, {1}, {1, 1}, {1, 4, 0, 0}}) {
    std::vector<u8> body = madt_body();
    append(body, tail);
    Machine machine = usual(true);
    machine.table(0x100000, "APIC", body);
    const Platform platform = machine.read(0xe0010);
    CHECK(platform.io_apic_count == 1);
    CHECK(platform.cpu_count == 3);
  }
}

TEST_CASE("boot acpi: more of anything than there is room for is dropped") {
  std::vector<u8> body(8, 0);
  for (unsigned i = 0; i < 100; ++i) {
    append(body, {0, 8, i, i, 1, 0, 0, 0});
    append(body, {1, 12, i, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0});
    append(body, {2, 10, 0, i % 16, 2, 0, 0, 0, 5, 0});
  }
  Machine machine = usual(true);
  machine.table(0x100000, "APIC", body);
  const Platform platform = machine.read(0xe0010, 99);
  CHECK(platform.cpu_count == Platform::max_cpus);
  CHECK(platform.cpu_apic_ids[0] == 99);
  CHECK(platform.io_apic_count == Platform::max_io_apics);
  CHECK(platform.override_count == Platform::max_overrides);
}
