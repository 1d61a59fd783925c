// SPDX-License-Identifier: MIT
// Large pages: where they come from, what splits them, what happens to those who
// share them.
#include "mapping.h"

#include "mapping_fixture.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 two_mib = u64{1} << 21, one_gib = u64{1} << 30;
constexpr Address ram = 0x180'0000, at = 0x4000'0000;  // a large page's worth that is not the kernel's
constexpr Address far = 0x40'0000'0000;                // beyond RAM, a multiple of 1 GiB

struct Machine {
  Machine() {
    host::reset(u64{16} << 20);
    step_budget = usual_step;
    REQUIRE(make_bookmarks());
    frames = frame_store.free_frames();
    for (auto* space : {&sigma0, &a, &b, &c}) *space = std::make_unique<TestSpace>(space == &sigma0);
  }
  ~Machine() {
    for (auto* space : {&a, &b, &c, &sigma0}) space->reset();
    CHECK(frame_store.free_frames() == frames);
    CHECK(bookmarks_in_use == 0);
  }
  u64 frames;
  std::unique_ptr<TestSpace> sigma0, a, b, c;
};

bool send(Space& from, Address source, Space& to, Address target, unsigned order, Rights rights = all,
          bool grant = false) {
  return send_item(from, to, Fpage::complete(), {Fpage::memory(source, order, rights), target, grant});
}

unsigned level_at(const Space& space, Address address) {
  const Slot slot = page_slot(space, address);
  REQUIRE(slot);
  return slot.level();
}

u64 leaves(const Space& space) {
  u64 count = 0;
  for_each_present(space.memory, 0, user_end >> page_bits, [&](u64, Slot) { ++count; });
  return count;
}

void check_pages(const Space& space, Address address, u64 frame, u64 bytes) {
  for (u64 offset = 0; offset < bytes; offset += page_size) {
    REQUIRE(has_page(space, address + offset));
    REQUIRE(page_frame(space, address + offset) == frame + offset);
  }
}

}  // namespace

TEST_CASE("large pages: 2 MiB from sigma0 and on are one entry each") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  CHECK(level_at(**m.a, at) == 1);
  CHECK(leaves(**m.a) == 1);
  check_pages(**m.a, at, ram, two_mib);
  REQUIRE(send(**m.a, at, **m.b, at + two_mib, 21, ro));
  CHECK(level_at(**m.b, at + two_mib) == 1);
  CHECK(page_rights(**m.b, at + two_mib + 0x5000) == ro);
  host::load_root((*m.b)->memory.root());
  CHECK(host::access(at + two_mib + 0x7123, false));
  CHECK_FALSE(host::access(at + two_mib + 0x7123, true));
  CHECK(translate(**m.b, at + two_mib + 0x7123, ro) == Phys{ram + 0x7123});
  CHECK(unmap(**m.a, Fpage::memory(at, 21), false) == rx);
  unmap(**m.a, Fpage::memory(at, 21, all), false);
  CHECK_FALSE(has_page(**m.b, at + two_mib));
  CHECK(host::stale_translations() == 0);
}

TEST_CASE("large pages: 1 GiB where the CPU has it") {
  Machine m;
  host::largest_level = 1;
  REQUIRE(send(**m.sigma0, far, **m.a, far, 30));
  CHECK(leaves(**m.a) == 512);
  host::largest_level = 2;
  REQUIRE(send(**m.sigma0, far + one_gib, **m.a, far + one_gib, 30));
  CHECK(level_at(**m.a, far + one_gib + 12345) == 2);
  CHECK(page_frame(**m.a, far + one_gib + 0x1234'5000) == far + one_gib + 0x1234'5000);
}

TEST_CASE("large pages: small ones where the target is not aligned or has a table") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  REQUIRE(send(**m.sigma0, ram, **m.b, at + page_size, 12));
  unmap(**m.b, Fpage::memory(at + page_size, 12, all), true);
  REQUIRE(send(**m.a, at, **m.b, at, 21));
  CHECK(leaves(**m.b) == 512);
  check_pages(**m.b, at, ram, two_mib);
  CHECK(leaves(**m.a) == 512);  // it was split for that
  unmap(**m.a, Fpage::memory(at, 21, all), false);
  CHECK(leaves(**m.b) == 0);
}

TEST_CASE("large pages: giving a part splits what nothing is derived from") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  host::load_root((*m.a)->memory.root());
  CHECK(host::access(at + 0x3000, true));
  REQUIRE(send(**m.a, at + 0x3000, **m.b, 0x5000, 12));
  CHECK(leaves(**m.a) == 512);
  check_pages(**m.a, at, ram, two_mib);
  CHECK(page_frame(**m.b, 0x5000) == ram + 0x3000);
  CHECK(unmap(**m.a, Fpage::memory(at + 0x3000, 12), true) == all);  // the write is not forgotten
  CHECK(host::stale_translations() == 0);
  unmap(**m.a, Fpage::memory(at + 0x4000, 12, all), true);
  CHECK(has_page(**m.b, 0x5000));
  CHECK_FALSE(has_page(**m.a, at + 0x4000));
  unmap(**m.a, Fpage::memory(at + 0x3000, 12, all), false);
  CHECK_FALSE(has_page(**m.b, 0x5000));
  CHECK(leaves(**m.a) == 511);
}

TEST_CASE("large pages: giving a part of one that others have leaves them alone") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  REQUIRE(send(**m.a, at, **m.b, at, 21));
  REQUIRE(send(**m.a, at + 0x3000, **m.c, 0x5000, 12));
  REQUIRE(send(**m.a, at + 0x9000, **m.c, 0x6000, 12));
  CHECK(leaves(**m.a) == 1);
  CHECK(leaves(**m.b) == 1);
  CHECK(page_frame(**m.c, 0x5000) == ram + 0x3000);
  SUBCASE("taking it from the others takes what it touches") {
    unmap(**m.a, Fpage::memory(at + 0x3000, 12, all), false);
    CHECK_FALSE(has_page(**m.c, 0x5000));
    CHECK(has_page(**m.c, 0x6000));
    CHECK(leaves(**m.b) == 0);
    CHECK(leaves(**m.a) == 1);
  }
  SUBCASE("so does taking a right") {
    unmap(**m.a, Fpage::memory(at + 0x3000, 12, Rights{Rights::w}), false);
    CHECK(page_rights(**m.c, 0x5000) == rx);
    CHECK(page_rights(**m.c, 0x6000) == all);
    CHECK(page_rights(**m.b, at) == rx);
  }
  SUBCASE("taking it from everybody splits, and takes all from the others") {
    unmap(**m.a, Fpage::memory(at + 0x3000, 12, all), true);
    CHECK(leaves(**m.a) == 511);
    CHECK_FALSE(has_page(**m.a, at + 0x3000));
    CHECK(leaves(**m.b) == 0);
    CHECK(leaves(**m.c) == 0);
  }
  SUBCASE("asking about a part takes nothing") {
    CHECK(unmap(**m.a, Fpage::memory(at + 0x3000, 12), true) == Rights::none());
    CHECK(leaves(**m.a) == 1);
    CHECK(has_page(**m.c, 0x5000));
  }
}

TEST_CASE("large pages: grants") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  SUBCASE("of the whole, with what is derived") {
    REQUIRE(send(**m.a, at, **m.c, at, 21));
    REQUIRE(send(**m.a, at, **m.b, at, 21, all, true));
    CHECK(leaves(**m.a) == 0);
    CHECK(level_at(**m.b, at) == 1);
    CHECK(leaves(**m.c) == 1);
    unmap(**m.b, Fpage::memory(at, 21, all), false);
    CHECK(leaves(**m.c) == 0);
  }
  SUBCASE("of a part") {
    REQUIRE(send(**m.a, at + 0x3000, **m.b, 0x5000, 12, all, true));
    CHECK(leaves(**m.a) == 511);
    CHECK_FALSE(has_page(**m.a, at + 0x3000));
    CHECK(page_frame(**m.b, 0x5000) == ram + 0x3000);
  }
}

TEST_CASE("large pages: what comes in the middle of one") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  SUBCASE("another page") {
    REQUIRE(send(**m.sigma0, ram + two_mib, **m.a, at + 0x3000, 12));
    CHECK(page_frame(**m.a, at + 0x3000) == ram + two_mib);
    CHECK(page_frame(**m.a, at + 0x4000) == ram + 0x4000);
    CHECK(leaves(**m.a) == 512);
  }
  SUBCASE("a page of the kernel's own") {
    REQUIRE(place_fixed_page(**m.a, at + 0x3000, {0x20'0000}, true));
    CHECK(page_frame(**m.a, at + 0x3000) == 0x20'0000);
    CHECK(page_frame(**m.a, at + 0x4000) == ram + 0x4000);
    remove_fixed_page(**m.a, at + 0x3000);
  }
  SUBCASE("the same page in another size only widens") {
    REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
    CHECK(leaves(**m.a) == 1);
  }
}

TEST_CASE("large pages: without memory for the small ones the holder loses the page") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  REQUIRE(send(**m.sigma0, ram + two_mib, **m.a, at + two_mib, 21));
  (*m.a)->pool.set_limit((*m.a)->pool.used() + 3);
  unmap(**m.a, Fpage::memory(at + 0x3000, 12, all), true);
  CHECK_FALSE(has_page(**m.a, at));
  CHECK(leaves(**m.a) == 1);
  // Giving a part of it still works: it stays whole.
  REQUIRE(send(**m.a, at + two_mib + 0x3000, **m.b, 0x5000, 12));
  CHECK(page_frame(**m.b, 0x5000) == ram + two_mib + 0x3000);
  CHECK(leaves(**m.a) == 1);
}

TEST_CASE("large pages: sigma0's own are never split") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram + 0x3000, **m.a, 0x5000, 12));
  REQUIRE(send(**m.sigma0, ram, **m.b, at, 21));
  CHECK(level_at(**m.sigma0, ram) == 1);
  CHECK(level_at(**m.b, at) == 1);
  unmap(**m.sigma0, Fpage::memory(ram + 0x3000, 12, all), true);
  CHECK_FALSE(has_page(**m.a, 0x5000));
  CHECK(has_page(**m.sigma0, ram + 0x3000));
  CHECK(has_page(**m.sigma0, ram + 0x9000));
}

TEST_CASE("memory types: of a page and of those derived from it, in both sizes") {
  Machine m;
  constexpr u64 write_combining = entry::attribute, uncached = entry::cache_disable | entry::write_through;
  const auto set = [](Space& space, Fpage fpage, u64 attribute) {
    UnmapProgress progress{};
    Rights accessed;
    const MapChange change{.taken = {}, .flush = true, .sets_attribute = true, .attribute = attribute};
    in_steps([&](Budget& budget) { return unmap_step(space, fpage, change, progress, accessed, budget); });
  };
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 21));
  REQUIRE(send(**m.a, at, **m.b, at, 21));
  REQUIRE(send(**m.a, at + 0x3000, **m.c, 0x5000, 12));
  set(**m.a, Fpage::memory(at, 21), write_combining);
  CHECK((*page_slot(**m.a, at).leaf & entry::large_attribute) != 0);
  CHECK((*page_slot(**m.b, at).leaf & entry::large_attribute) != 0);
  CHECK((*page_slot(**m.c, 0x5000).leaf & entry::attribute) != 0);
  CHECK(page_frame(**m.b, at + 0x8000) == ram + 0x8000);
  CHECK(page_frame(**m.c, 0x5000) == ram + 0x3000);
  // What is mapped later has it, too.
  REQUIRE(send(**m.a, at + 0x7000, **m.c, 0x6000, 12));
  CHECK((*page_slot(**m.c, 0x6000).leaf & entry::attribute) != 0);
  CHECK(page_frame(**m.c, 0x6000) == ram + 0x7000);
  set(**m.a, Fpage::memory(at, 21), uncached);
  CHECK((*page_slot(**m.c, 0x5000).leaf & (uncached | entry::attribute)) == uncached);
  CHECK((*page_slot(**m.b, at).leaf & (uncached | entry::large_attribute)) == uncached);
  set(**m.a, Fpage::memory(at, 21), 0);
  CHECK((*page_slot(**m.b, at).leaf & (uncached | entry::large_attribute)) == 0);
}

TEST_CASE("a revocation is not outrun by those whom it takes from") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 12));
  for (u64 i = 0; i < 100; ++i) REQUIRE(send(**m.a, at, **m.b, 0x10000 + i * page_size, 12));
  UnmapProgress progress{};
  Rights accessed;
  const MapChange change{.taken = all};
  Budget budget;
  REQUIRE(unmap_step(**m.a, Fpage::memory(at, 12), change, progress, accessed, budget) == Progress::more);
  u64 left = leaves(**m.b);
  CHECK(left > 0);
  CHECK(left < 100);
  // Nobody below can give it on, nor the holder himself, until it is done.
  REQUIRE(send(**m.b, 0x10000 + 99 * page_size, **m.c, 0x5000, 12));
  REQUIRE(send(**m.a, at, **m.c, 0x6000, 12));
  CHECK(leaves(**m.c) == 0);
  REQUIRE(send(**m.sigma0, ram, **m.c, 0x7000, 12));
  CHECK(leaves(**m.c) == 1);
  in_steps([&](Budget& more) {
    return unmap_step(**m.a, Fpage::memory(at, 12), change, progress, accessed, more);
  });
  CHECK(leaves(**m.b) == 0);
  REQUIRE(send(**m.a, at, **m.c, 0x6000, 12));
  CHECK(leaves(**m.c) == 2);
}

TEST_CASE("a revocation that is given up leaves everything usable") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 12));
  for (u64 i = 0; i < 100; ++i) REQUIRE(send(**m.a, at, **m.b, 0x10000 + i * page_size, 12));
  for (const Rights taken : {all, Rights{Rights::w}}) {
    UnmapProgress progress{};
    Rights accessed;
    Budget budget(1000);
    REQUIRE(unmap_step(**m.a, Fpage::memory(at, 12), {.taken = taken}, progress, accessed, budget) ==
            Progress::more);
    CHECK(bookmarks_in_use == 1);
    abandon(progress);
    CHECK(bookmarks_in_use == 0);
    REQUIRE(send(**m.a, at, **m.c, 0x6000, 12));
    CHECK(has_page(**m.c, 0x6000));
    unmap(**m.c, Fpage::memory(0x6000, 12, all), true);
  }
}

TEST_CASE("more long operations at once than there are bookmarks") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 12));
  for (u64 i = 0; i < 400; ++i) REQUIRE(send(**m.a, at, **m.b, 0x10000 + i * page_size, 12));
  std::array<UnmapProgress, 80> progress{};
  std::array<bool, 80> done{};
  Rights accessed;
  const MapChange change{.taken = Rights{Rights::w}};
  for (unsigned rounds = 0; rounds < 100; ++rounds)
    for (unsigned i = 0; i < progress.size(); ++i) {
      Budget budget;
      if (!done[i])
        done[i] = unmap_step(**m.a, Fpage::memory(at, 12), change, progress[i], accessed, budget) == Progress::done;
      // Others may take it; in turns, somebody always gets to the end.
      if (!done[i] && rounds > 40)
        in_steps([&](Budget& more) {
          return unmap_step(**m.a, Fpage::memory(at, 12), change, progress[i], accessed, more);
        });
    }
  for (u64 i = 0; i < 400; ++i) CHECK(page_rights(**m.b, 0x10000 + i * page_size) == rx);
  for (auto& p : progress) abandon(p);
  check_tree_of(from_link<Mapping>(page_slot(**m.a, at).link()));
}

TEST_CASE("a grant of a page that many have, in steps and given up") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, at, 12));
  for (u64 i = 0; i < 900; ++i) REQUIRE(send(**m.a, at, **m.b, 0x100000 + i * page_size, 12));
  const MapItem item{Fpage::memory(at, 12, all), 0x5000, true};
  MapTransfer progress{};
  Budget budget;
  REQUIRE(prepare(**m.a, **m.c, Fpage::complete(), item, progress, budget) == MapStep::done);
  REQUIRE(carry_out(**m.a, **m.c, Fpage::complete(), item, progress, budget) == MapStep::more);
  CHECK(has_page(**m.a, at));
  CHECK(has_page(**m.c, 0x5000));
  // Nothing new below it meanwhile.
  REQUIRE(send(**m.a, at, **m.b, 0x5000, 12));
  CHECK_FALSE(has_page(**m.b, 0x5000));
  SUBCASE("to its end") {
    MapStep step = MapStep::more;
    while (step == MapStep::more) {
      Budget more;
      step = carry_out(**m.a, **m.c, Fpage::complete(), item, progress, more);
    }
    finish(progress);
    CHECK_FALSE(has_page(**m.a, at));
    check_tree_of(from_link<Mapping>(page_slot(**m.c, 0x5000).link()));
    unmap(**m.c, Fpage::memory(0x5000, 12, all), false);
    CHECK(leaves(**m.b) == 0);
  }
  SUBCASE("given up: the receiver stands above the sender") {
    finish(progress);
    CHECK(bookmarks_in_use == 0);
    CHECK(has_page(**m.a, at));
    REQUIRE(send(**m.a, at, **m.b, 0x5000, 12));
    CHECK(has_page(**m.b, 0x5000));
    SUBCASE("and again") {
      REQUIRE(send_item(**m.a, **m.c, Fpage::complete(), item));
      CHECK_FALSE(has_page(**m.a, at));
      CHECK(leaves(**m.b) == 901);
    }
    unmap(**m.c, Fpage::memory(0x5000, 12, all), true);
    CHECK_FALSE(has_page(**m.a, at));
    CHECK(leaves(**m.b) == 0);
  }
}

TEST_CASE("no chain of mappings is longer than max_generations") {
  Machine m;
  REQUIRE(send(**m.sigma0, ram, **m.a, 0, 12));
  for (u64 i = 1; i < max_generations + 20; ++i)
    REQUIRE(send(**m.a, (i - 1) * page_size, **m.a, i * page_size, 12));
  CHECK(has_page(**m.a, (max_generations - 1) * page_size));
  CHECK_FALSE(has_page(**m.a, (max_generations + 1) * page_size));
  unmap(**m.a, Fpage::memory(0, 12, all), false);
  CHECK(leaves(**m.a) == 1);
}
