// SPDX-License-Identifier: MIT
// The PCI server's view of a configuration space that is made up here, wrongly if need be.
#include <doctest/doctest.h>

#include <servers/pci/devices.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

using mica::Error;
using mica::TaskId;
using namespace pci;

namespace {

// A function's 256 bytes, and which bits of its address registers can be written.
struct Space {
  std::uint32_t words[64] = {};
  std::uint32_t fixed[64] = {};  // bits that a write does not change

  Space() {
    for (std::uint32_t& bits : fixed) bits = nobody;
    fixed[reg::command / 4] = 0xffff'f800;
  }
  void set(unsigned offset, std::uint32_t value) { words[offset / 4] = value; }
  void free_bits(unsigned offset, std::uint32_t bits) { fixed[offset / 4] = ~bits; }
  // A capability whose own word is `head`, without its link.
  void capability(unsigned at, unsigned id, unsigned next, std::uint32_t head = 0) {
    set(at, id | next << 8 | head << 16);
  }
};

struct Machine {
  std::map<unsigned, Space> functions;
  unsigned reads = 0;
  Space& add(unsigned bus, unsigned device, unsigned function, std::uint32_t identity = 0x1042'1af4) {
    Space& space = functions[Address(bus, device, function).raw];
    space.set(reg::identity, identity);
    return space;
  }
};

struct Config {
  Machine* machine;
  std::uint32_t read(Address function, unsigned offset) const {
    REQUIRE(offset % 4 == 0);
    REQUIRE(offset < config_bytes);
    ++machine->reads;
    const auto found = machine->functions.find(function.raw);
    return found == machine->functions.end() ? nobody : found->second.words[offset / 4];
  }
  void write(Address function, unsigned offset, std::uint32_t value) const {
    REQUIRE(offset % 4 == 0);
    REQUIRE(offset < config_bytes);
    const auto found = machine->functions.find(function.raw);
    if (found == machine->functions.end()) return;
    Space& space = found->second;
    const std::uint32_t fixed = space.fixed[offset / 4];
    space.words[offset / 4] = (space.words[offset / 4] & fixed) | (value & ~fixed);
  }
};

std::vector<unsigned> functions_of(Machine& machine) {
  std::vector<unsigned> found;
  Config config{&machine};
  for_each_function(config, [&](Address function) { found.push_back(function.raw); });
  return found;
}

std::vector<unsigned> capabilities_of(Machine& machine, Address function) {
  std::vector<unsigned> found;
  Config config{&machine};
  for_each_capability(config, function, [&](const Capability& c) {
    found.push_back(c.offset);
    return false;
  });
  return found;
}

constexpr std::uint32_t has_list = command::has_capabilities, bridge = 1 << 16, several = 0x80 << 16;
constexpr Address disk(0, 3, 0);

// A disk with a list of capabilities: MSI-X at 0x40, one of the vendor's at 0x50, MSI at 0x70.
Machine machine_with_disk() {
  Machine machine;
  Space& space = machine.add(0, 3, 0);
  space.set(reg::command, has_list);
  space.set(reg::capabilities, 0x40);
  space.set(reg::base + 4, 0xfebf'1000);
  space.free_bits(reg::base + 4, 0xffff'f000);
  space.set(reg::base + 16, 0xfe00'000c);
  space.free_bits(reg::base + 16, 0xffff'c000);
  space.free_bits(reg::base + 20, nobody);
  space.capability(0x40, capability::msi_x, 0x50, 1);
  space.free_bits(0x40, 0xc000'0000);
  space.set(0x44, 1 | 0x800);
  space.capability(0x50, capability::vendor, 0x70, 0x14);
  space.free_bits(0x60, nobody);
  space.capability(0x70, capability::msi, 0, 0x80);
  space.free_bits(0x70, 0x0071'0000);
  space.set(reg::interrupt, 0x010b);
  return machine;
}

constexpr auto living = [](TaskId) { return true; };
constexpr auto dead = [](TaskId) { return false; };

}  // namespace

TEST_CASE("pci: functions are found, also behind bridges, each bus once") {
  Machine machine;
  machine.add(0, 0, 0);
  machine.add(0, 1, 0).set(reg::header, several);
  machine.add(0, 1, 3);
  machine.add(0, 2, 0);
  machine.add(0, 2, 1);  // of a device that says it has only one
  Space& first = machine.add(0, 4, 0);
  first.set(reg::header, bridge);
  first.set(reg::buses, 0x0002'0200);
  machine.add(2, 31, 0).set(reg::header, bridge | several);
  machine.functions[Address(2, 31, 0).raw].set(reg::buses, 0x0007'0702);
  machine.add(2, 31, 7);
  machine.add(7, 0, 0);
  machine.add(8, 0, 0);  // behind nothing
  CHECK(functions_of(machine) ==
        std::vector<unsigned>{0x0000, 0x0008, 0x000b, 0x0010, 0x0020, 0x02f8, 0x02ff, 0x0700});
}

TEST_CASE("pci: bridges that lead in circles end") {
  Machine machine;
  for (unsigned bus = 0; bus < 4; ++bus) {
    for (unsigned device = 0; device < 32; ++device) {
      Space& space = machine.add(bus, device, 0);
      space.set(reg::header, bridge);
      space.set(reg::buses, (device % 4) << 8);
    }
  }
  CHECK(functions_of(machine).size() == 4 * 32);
  Machine nothing;
  CHECK(functions_of(nothing).empty());
}

TEST_CASE("pci: regions are measured and left as they were") {
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  space.set(reg::command, has_list | command::master | command::memory);
  space.set(reg::base, 0xc041);
  space.free_bits(reg::base, 0xffc0);
  Config config{&machine};
  const Space before = space;
  const Regions regions = read_regions(config, disk);
  CHECK(std::memcmp(before.words, space.words, sizeof(before.words)) == 0);
  CHECK(regions[0].ports);
  CHECK(regions[0].address == 0xc040);
  CHECK(regions[0].bytes == 64);
  CHECK(regions[1].address == 0xfebf'1000);
  CHECK(regions[1].bytes == 0x1000);
  CHECK(!regions[1].ports);
  CHECK(regions[4].address == 0xfe00'0000);
  CHECK(regions[4].bytes == 0x4000);
  for (const unsigned none : {2u, 3u, 5u}) CHECK(regions[none].bytes == 0);
}

TEST_CASE("pci: a region above 4 GiB, one beyond 4 GiB of size") {
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  space.set(reg::base + 20, 0x80);
  space.set(reg::base + 16, 0x0000'000c);
  space.free_bits(reg::base + 16, 0);
  space.free_bits(reg::base + 20, 0xffff'fffe);
  Config config{&machine};
  const Regions regions = read_regions(config, disk);
  CHECK(regions[4].address == std::uint64_t{0x80} << 32);
  CHECK(regions[4].bytes == std::uint64_t{2} << 32);
}

TEST_CASE("pci: address registers that make no sense give no region") {
  CHECK(region_of(0xf000'0000, 0, 0, false).bytes == 0);
  CHECK(region_of(0xf000'0000, 0xffff'5000, ~std::uint64_t{0xffff'ffff}, false).bytes == 0);  // holes
  CHECK(region_of(0xf000'1000, 0xffff'c000, ~std::uint64_t{0xffff'ffff}, false).bytes == 0);  // not aligned
  CHECK(region_of(0, 0xffff'c000, ~std::uint64_t{0xffff'ffff}, false).bytes == 0);  // the firmware gave none
  CHECK(region_of(0xf000'0000, 0xffff'c000, ~std::uint64_t{0xffff'ffff}, false).bytes == 0x4000);
  // One of 64 bits in the last register has no second half.
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  space.set(reg::base + 20, 0xfd00'0004);
  space.free_bits(reg::base + 20, 0xffff'f000);
  space.set(reg::base + 16, 0);
  Config config{&machine};
  CHECK(read_regions(config, disk)[5].bytes == 0);
  // A host bridge is not measured, and nobody reads six registers of a bridge.
  space.set(reg::class_code, 0x0600'0000);
  CHECK(read_regions(config, disk)[1].bytes == 0);
  space.set(reg::class_code, 0x0604'0000);
  space.set(reg::header, bridge);
  CHECK(read_regions(config, disk)[1].bytes == 0x1000);
  CHECK(read_regions(config, disk)[4].bytes == 0);
}

TEST_CASE("pci: the list of capabilities, and lists that are none") {
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  CHECK(capabilities_of(machine, disk) == std::vector<unsigned>{0x40, 0x50, 0x70});
  space.set(reg::command, 0);
  CHECK(capabilities_of(machine, disk).empty());
  space.set(reg::command, has_list);
  space.set(reg::capabilities, 0x0c);
  CHECK(capabilities_of(machine, disk).empty());
  space.set(reg::capabilities, 0x40);
  space.capability(0x70, capability::msi, 0x40);  // a circle
  CHECK(capabilities_of(machine, disk) == std::vector<unsigned>{0x40, 0x50, 0x70});
  space.capability(0x70, capability::msi, 0x3c);  // into the head of the space
  CHECK(capabilities_of(machine, disk) == std::vector<unsigned>{0x40, 0x50, 0x70});
  space.capability(0x50, capability::vendor, 0x50);
  CHECK(capabilities_of(machine, disk) == std::vector<unsigned>{0x40, 0x50});
  space.set(0x50, nobody);  // the device goes while it is looked at
  CHECK(capabilities_of(machine, disk) == std::vector<unsigned>{0x40});
  CHECK(capabilities_of(machine, Address(0, 9, 0)).empty());
}

TEST_CASE("pci: a driver writes to capabilities of the vendor's and nowhere else") {
  Machine machine = machine_with_disk();
  Config config{&machine};
  for (unsigned offset = 0; offset < config_bytes; offset += 4) {
    CHECK(is_vendors(config, disk, offset) == (offset > 0x50 && offset + 4 <= 0x50 + 0x14));
  }
  // One that claims to be longer ends where the next one begins.
  machine.functions[disk.raw].capability(0x50, capability::vendor, 0x70, 0xff);
  CHECK(is_vendors(config, disk, 0x6c));
  CHECK(!is_vendors(config, disk, 0x70));
  CHECK(!is_vendors(config, disk, 0x74));
}

TEST_CASE("pci: the table of MSI-X lies inside its region or is none") {
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  Config config{&machine};
  const Regions regions = read_regions(config, disk);
  MessageTable table = message_table(config, disk, regions);
  CHECK(table.entries == 2);
  CHECK(table.region == 1);
  CHECK(table.offset == 0x800);
  space.set(0x44, 1 | 0xfe8);  // its second entry is behind the end
  CHECK(message_table(config, disk, regions).entries == 0);
  space.set(0x44, 1 | 0xffff'fff8);
  CHECK(message_table(config, disk, regions).entries == 0);
  space.set(0x44, 2);  // a region that there is not
  CHECK(message_table(config, disk, regions).entries == 0);
  space.set(0x44, 7);  // nor can be
  CHECK(message_table(config, disk, regions).entries == 0);
  space.set(0x44, 1);
  space.capability(0x40, capability::msi_x, 0x50, 0x7ff);  // larger than the region
  CHECK(message_table(config, disk, regions).entries == 0);
  // A list that leads to the last word of the space.
  space.set(reg::capabilities, 0xfc);
  space.capability(0xfc, capability::msi_x, 0);
  CHECK(message_table(config, disk, regions).entries == 0);
  space.capability(0xfc, capability::msi, 0);
  CHECK(!has_msi(config, disk));
}

TEST_CASE("pci: messages go to interrupts only") {
  CHECK(is_message(0xfee0'0000, 0x41));
  CHECK(is_message(0xfeef'fffc, 0xffff'ffff));
  CHECK(!is_message(0xfef0'0000, 0x41));
  CHECK(!is_message(0xfedf'fffc, 0x41));
  CHECK(!is_message(0xfee0'0002, 0x41));
  CHECK(!is_message(0x1'fee0'0000, 0x41));
  CHECK(!is_message(0xfee0'0000, std::uint64_t{1} << 32));
}

TEST_CASE("pci: MSI is set up whether addresses have 32 bits or 64") {
  for (const bool wide : {true, false}) {
    Machine machine = machine_with_disk();
    Space& space = machine.functions[disk.raw];
    space.capability(0x70, capability::msi, 0, wide ? 0x80 : 0);
    for (unsigned at = 0x74; at < 0x84; at += 4) space.free_bits(at, nobody);
    Config config{&machine};
    set_msi(config, disk, 0xfee0'1000, 0x4042);
    CHECK(space.words[0x74 / 4] == 0xfee0'1000);
    CHECK(space.words[(wide ? 0x7c : 0x78) / 4] == 0x4042);
    CHECK((space.words[0x70 / 4] >> 16 & 1) == 1);
    disable_messages(config, disk);
    CHECK((space.words[0x70 / 4] >> 16 & 1) == 0);
  }
}

TEST_CASE(
    "pci: a device has one driver, is silent for a new one, and changes hands when its driver has ended") {
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  Devices<Config> devices(Config{&machine});
  devices.find();
  REQUIRE(devices.size() == 1);
  const mica::PciFunction function = devices.describe(0);
  CHECK(function.address == disk.raw);
  CHECK(function.vendor == 0x1af4);
  CHECK(function.product == 0x1042);
  CHECK(function.line == 11);
  CHECK(function.messages == 2);
  const TaskId one(7, 1), other(8, 1);
  CHECK(devices.claim(disk.raw + 1, one, living).error() == Error::not_found);
  REQUIRE(devices.claim(disk.raw, one, living).ok());
  CHECK((space.words[reg::command / 4] & 0x407) == (command::memory | command::no_line));
  CHECK(devices.claim(disk.raw, other, living).error() == Error::busy);
  CHECK(devices.claim(disk.raw, one, living).error() == Error::busy);
  set_command(devices.config(), disk, command::master, command::no_line);
  enable_msi_x(devices.config(), disk);
  CHECK((space.words[0x40 / 4] & 0x8000'0000) != 0);
  REQUIRE(devices.claim(disk.raw, other, dead).ok());
  CHECK((space.words[reg::command / 4] & (command::master | command::no_line)) == command::no_line);
  CHECK((space.words[0x40 / 4] & 0x8000'0000) == 0);
  CHECK(devices.at(0).driver == other);
  devices.release(0);
  CHECK(devices.claim(disk.raw, one, living).ok());
}

TEST_CASE("pci: devices are silent when they are found, but for bridges, and when their drivers have ended") {
  constexpr std::uint32_t busy = has_list | command::memory | command::master;
  Machine machine = machine_with_disk();
  Space& space = machine.functions[disk.raw];
  space.set(reg::command, busy);
  space.words[0x40 / 4] |= 0x8000'0000;
  Space& to_another_bus = machine.add(0, 4, 0);
  to_another_bus.set(reg::header, bridge);
  to_another_bus.set(reg::class_code, 0x0604'0000);
  to_another_bus.set(reg::command, busy);
  Space& other = machine.add(0, 5, 0);
  Devices<Config> devices(Config{&machine});
  devices.find();
  const auto is_master = [](const Space& of) { return (of.words[reg::command / 4] & command::master) != 0; };
  CHECK_FALSE(is_master(space));
  CHECK((space.words[0x40 / 4] & 0x8000'0000) == 0);
  CHECK(is_master(to_another_bus));

  const TaskId one(7, 1), two(8, 1);
  REQUIRE(devices.claim(disk.raw, one, living).ok());
  REQUIRE(devices.claim(Address(0, 5, 0).raw, two, living).ok());
  for (const Address address : {disk, Address(0, 5, 0)}) set_command(devices.config(), address, command::master, 0);
  enable_msi_x(devices.config(), disk);
  devices.release_dead(living);
  CHECK((is_master(space) && is_master(other)));
  devices.release_dead([one](TaskId task) { return task != one; });
  CHECK_FALSE(is_master(space));
  CHECK((space.words[0x40 / 4] & 0x8000'0000) == 0);
  CHECK(devices.at(0).driver.is_none());
  CHECK(is_master(other));
}

TEST_CASE("pci: pages with the table of MSI-X, or with something of another region, are not for drivers") {
  Machine machine = machine_with_disk();
  Space& small = machine.add(0, 5, 0);
  small.set(reg::base, 0xfebf'2000);
  small.free_bits(reg::base, 0xffff'ff00);
  Space& beside = machine.add(0, 6, 0);
  beside.set(reg::base, 0xfebf'3000);
  beside.free_bits(reg::base, 0xffff'ff00);
  beside.set(reg::base + 4, 0xfebf'3100);
  beside.free_bits(reg::base + 4, 0xffff'ff00);
  Devices<Config> devices(Config{&machine});
  devices.find();
  CHECK(devices.at(0).table_within(1, 0, 0x1000));
  CHECK(!devices.at(0).table_within(4, 0, 0x1000));
  CHECK(!devices.at(1).table_within(0, 0, 0x1000));
  CHECK(devices.mappable(0, 4) == 0x4000);
  CHECK(devices.mappable(0, 0) == 0);
  CHECK(devices.mappable(1, 0) == 0x1000);
  CHECK(devices.mappable(2, 0) == 0);
  CHECK(devices.mappable(2, 1) == 0);
}

TEST_CASE("pci: who may have which device") {
  CHECK(list_has("1af4:1042", 0x1af4, 0x1042));
  CHECK(list_has("8086:7010,1AF4:1042", 0x1af4, 0x1042));
  CHECK(!list_has("", 0x1af4, 0x1042));
  CHECK(!list_has("1af4:1041", 0x1af4, 0x1042));
  for (const char* const wrong : {"1af4", "1af4:", "1af41042", "1af4:10420", "af4:1042", "1af4 :1042",
                                  ",1af4:1042", "x,1af4:1042", "01af4:1042"}) {
    CAPTURE(wrong);
    CHECK(!list_has(wrong, 0x1af4, 0x1042));
  }
}

TEST_CASE("pci: random configuration spaces are enumerated in bounded time") {
  std::mt19937 source(5);
  const auto random = [&source] { return static_cast<std::uint32_t>(source()); };
  for (int round = 0; round < 200; ++round) {
    Machine machine;
    for (unsigned n = 0; n < 40; ++n) {
      Space& space = machine.add(random() % 4, random() % 32, random() % 8);
      for (std::uint32_t& word : space.words) word = random();
      for (unsigned at = 0x40; at < 0x100; at += 4 * (1 + random() % 4)) {
        space.capability(at, random() % 3 == 0 ? 0x11 : random() % 16, random() & 0xfc, random() & 0xffff);
      }
      for (std::uint32_t& bits : space.fixed) bits = random();
      if (random() % 3 == 0) space.set(reg::header, bridge | (random() & 0x80'0000));
    }
    Devices<Config> devices(Config{&machine});
    devices.find();
    CHECK(devices.size() <= 40);
    CHECK(machine.reads < 40 * 4000 + 256 * 40);
    for (mica::Word n = 0; n < devices.size(); ++n) {
      (void)devices.describe(n);
      for (const Region& region : devices.at(n).regions) CHECK((region.bytes & (region.bytes - 1)) == 0);
    }
  }
}
