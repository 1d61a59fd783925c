// SPDX-License-Identifier: MIT
// sigma0's bookkeeping, by cases and against a plain table over random requests.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

#include <sigma0/ownership.h>

using namespace sigma0;

namespace {

constexpr Owner alice = 0x3200000001, bob = 0x4000000001;
constexpr auto any_kind = [](Kind) { return true; };
constexpr auto ram = [](Kind kind) { return kind == Kind::conventional || kind == Kind::image; };
constexpr auto ignore = [](Address, unsigned) {};

struct Machine {
  std::vector<Ownership::Pair> nodes;
  Ownership memory{12, 47, Kind::device};

  explicit Machine(std::size_t pairs = 4096) : nodes(pairs) {
    memory.add_nodes(nodes);
    CHECK(memory.describe(0, 0x9fbff, Kind::conventional));
    CHECK(memory.describe(0x100000, 0xfffffff, Kind::conventional));
    CHECK(memory.describe(0x1000000, 0x1004fff, Kind::image));
    CHECK(memory.describe(0xf000000, 0xfffffff, Kind::never));
  }
};

std::vector<std::pair<Address, unsigned>> fresh_blocks(Ownership& memory, Address base, unsigned order,
                                                       Owner owner, bool& given) {
  std::vector<std::pair<Address, unsigned>> blocks;
  given = memory.claim(base, order, owner, any_kind, [&](Address at, unsigned size) {
    blocks.push_back({at, size});
  });
  return blocks;
}

}  // namespace

TEST_CASE("sigma0: descriptors become kinds, later ones override, parts of pages count for the safe side") {
  Machine machine;
  const Ownership& memory = machine.memory;
  CHECK(memory.look(0x0).first == Kind::conventional);
  CHECK(memory.look(0x9e000).first == Kind::conventional);
  CHECK(memory.look(0x9f000).first == Kind::device);  // only partly RAM
  CHECK(memory.look(0xa0000).first == Kind::device);
  CHECK(memory.look(0x1004fff).first == Kind::image);
  CHECK(memory.look(0x1005000).first == Kind::conventional);
  CHECK(memory.look(0xf000000).first == Kind::never);
  CHECK(memory.look(0x10000000).first == Kind::device);
  CHECK(memory.look((Address{1} << 47) - 1).first == Kind::device);
}

TEST_CASE("sigma0: a page has one owner, who may ask again") {
  Machine machine;
  bool given = false;
  CHECK(fresh_blocks(machine.memory, 0x200000, 12, alice, given).size() == 1);
  CHECK(given);
  CHECK(fresh_blocks(machine.memory, 0x200000, 12, alice, given).empty());  // not cleared again
  CHECK(given);
  CHECK_FALSE(machine.memory.claim(0x200000, 12, bob, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(0x200000, 21, bob, any_kind, ignore));  // a part of it is taken
  CHECK(machine.memory.look(0x201000).second == Ownership::nobody);        // and nothing has changed
  const auto rest = fresh_blocks(machine.memory, 0x200000, 21, alice, given);
  CHECK(given);
  Address cleared = 0;
  for (const auto& [at, order] : rest) {
    CHECK(at != 0x200000);
    cleared += Address{1} << order;
  }
  CHECK(cleared == 0x200000 - 0x1000);
}

TEST_CASE("sigma0: contents of images are kept, the kernel's memory is never given") {
  Machine machine;
  bool given = false;
  CHECK(fresh_blocks(machine.memory, 0x1000000, 12, alice, given).empty());
  CHECK(given);
  CHECK_FALSE(machine.memory.claim(0xf000000, 12, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(0, 47, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(0xfee00000, 12, alice, ram, ignore));  // a device, by page fault
  CHECK(machine.memory.claim(0xfd000000, 24, alice, any_kind, ignore));   // a device, by name
}

TEST_CASE("sigma0: bad blocks are refused") {
  Machine machine;
  CHECK_FALSE(machine.memory.claim(0x201000, 13, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(0x200000, 11, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(0, 48, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(Address{1} << 47, 12, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim(~Address{0xfff}, 12, alice, any_kind, ignore));
  CHECK_FALSE(machine.memory.claim_any(11, alice));
  CHECK_FALSE(machine.memory.claim_any(48, alice));
  CHECK_FALSE(machine.memory.claim_any(63, alice));
}

TEST_CASE("sigma0: any memory comes from the smallest block that will do, until there is none") {
  Machine machine;
  const auto page = machine.memory.claim_any(12, alice);
  REQUIRE(page);
  CHECK(*page == 0x1005000);  // the single page behind the image
  CHECK(machine.memory.claim_any(12, alice) == 0x9e000);  // and that below the BIOS area
  const auto large = machine.memory.claim_any(26, alice);
  REQUIRE(large);
  CHECK((*large & 0x3ffffff) == 0);
  Address total = 0;
  while (machine.memory.claim_any(12, bob)) total += 0x1000;
  CHECK(total == 0x9e000 + 0xef00000 - 0x6000 - 0x4000000);
  CHECK_FALSE(machine.memory.claim_any(12, alice));
}

TEST_CASE("sigma0: without nodes requests are refused and nothing is lost") {
  Machine machine(160);
  Ownership& memory = machine.memory;
  Address at = 0x100000;
  while (memory.claim(at, 12, alice, any_kind, ignore)) at += 0x2000;
  CHECK(memory.free_nodes() < Ownership::max_depth);
  CHECK(memory.look(at).second == Ownership::nobody);
  std::vector<Ownership::Pair> more(256);
  memory.add_nodes(more);
  CHECK(memory.claim(at, 12, alice, any_kind, ignore));
}

TEST_CASE("sigma0: neighbours that become alike are joined") {
  std::vector<Ownership::Pair> nodes(512);
  Ownership ports(0, 16, Kind::device);
  ports.add_nodes(nodes);
  for (Address port = 0x3f8; port < 0x400; ++port) CHECK(ports.claim(port, 0, alice, any_kind, ignore));
  const auto after_eight = ports.free_nodes();
  CHECK_FALSE(ports.claim(0x3f8, 3, bob, any_kind, ignore));
  CHECK(ports.claim(0, 16, alice, any_kind, ignore));
  CHECK(after_eight < 512);
  CHECK(ports.free_nodes() == 512);
}

TEST_CASE("sigma0: random requests agree with a table of pages") {
  constexpr unsigned top = 20, pages = 1u << (top - 12);
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  for (int round = 0; round < 50; ++round) {
    std::vector<Ownership::Pair> nodes(1024);
    Ownership memory(12, top, Kind::device);
    memory.add_nodes(nodes);
    std::vector<Kind> kinds(pages, Kind::device);
    std::vector<Owner> owners(pages, Ownership::nobody);
    for (int i = 0; i < 6; ++i) {
      const auto kind = static_cast<Kind>(random() % 4);
      const unsigned first = random() % pages, last = first + random() % (pages - first);
      CHECK(memory.describe(Address{first} << 12, (Address{last} << 12) + 0xfff, kind));
      for (unsigned p = first; p <= last; ++p) kinds[p] = kind;
    }
    for (int i = 0; i < 200; ++i) {
      const Owner owner = random() % 2 != 0 ? alice : bob;
      const unsigned order = 12 + random() % 5, count = 1u << (order - 12);
      if (random() % 3 == 0) {
        bool possible = false;
        for (unsigned p = 0; p < pages; p += count) {
          bool all = true;
          for (unsigned q = p; q < p + count; ++q)
            all = all && kinds[q] == Kind::conventional && owners[q] == 0;
          possible = possible || all;
        }
        const auto base = memory.claim_any(order, owner);
        REQUIRE(base.has_value() == possible);
        if (!base) continue;
        for (unsigned q = static_cast<unsigned>(*base >> 12); q < (*base >> 12) + count; ++q) {
          REQUIRE((kinds[q] == Kind::conventional && owners[q] == 0));
          owners[q] = owner;
        }
      } else {
        const unsigned p = random() % pages & ~(count - 1);
        bool possible = true;
        unsigned fresh = 0, cleared = 0;
        for (unsigned q = p; q < p + count; ++q) {
          possible = possible && kinds[q] != Kind::never && (owners[q] == 0 || owners[q] == owner);
          if (owners[q] == 0 && kinds[q] == Kind::conventional) ++fresh;
        }
        const bool given = memory.claim(Address{p} << 12, order, owner, any_kind,
                                        [&](Address, unsigned size) { cleared += 1u << (size - 12); });
        REQUIRE(given == possible);
        if (!given) continue;
        CHECK(cleared == fresh);
        for (unsigned q = p; q < p + count; ++q) owners[q] = owner;
      }
    }
    for (unsigned p = 0; p < pages; ++p) {
      CHECK(memory.look(Address{p} << 12) == std::pair{kinds[p], owners[p]});
    }
  }
}
