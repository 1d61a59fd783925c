// SPDX-License-Identifier: MIT
#include "mapping.h"

#include "mapping_fixture.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 kernel_memory = u64{32} << 20;
constexpr Address frame_a = 0x300'0000, frame_b = 0x300'1000;  // RAM that is not the kernel's

struct Machine {
  Machine() {
    host::reset(kernel_memory);
    host::largest_level = 0;
    step_budget = usual_step;
    REQUIRE(make_bookmarks());
    frames = frame_store.free_frames();
    for (auto* space : {&sigma0, &a, &b, &c}) *space = std::make_unique<TestSpace>(space == &sigma0);
  }
  ~Machine() {
    for (auto* space : {&a, &b, &c, &sigma0}) space->reset();
    CHECK(frame_store.free_frames() == frames);
  }
  u64 frames;
  std::unique_ptr<TestSpace> sigma0, a, b, c;
};

MapRange cut(Fpage window, Fpage send, u64 base = 0) { return cut_to_window(window, {send, base, false}); }

}  // namespace

TEST_CASE("cutting to the window") {
  const Fpage four = Fpage::memory(0x10'4000, 14, all), window = Fpage::memory(0x20'0000, 16);
  SUBCASE("a larger window: send base chooses the place in it") {
    const MapRange range = cut(window, four, 0xffff'9234);
    CHECK(range.source == 0x104);
    CHECK(range.target == 0x208);
    CHECK(range.count == 4);
    CHECK_FALSE(range.ports);
  }
  SUBCASE("a smaller window: send base chooses the part of the send page") {
    const MapRange range = cut(Fpage::memory(0x30'0000, 12), four, 0x2000);
    CHECK(range.source == 0x106);
    CHECK(range.target == 0x300);
    CHECK(range.count == 1);
  }
  SUBCASE("equal: send base is nothing") {
    const MapRange range = cut(Fpage::memory(0x30'0000, 14), four, 0x7654'3000);
    CHECK(range.source == 0x104);
    CHECK(range.target == 0x300);
    CHECK(range.count == 4);
  }
  SUBCASE("the complete window") {
    const MapRange range = cut(Fpage::complete(), four, 0x1234'5678'9000);
    CHECK(range.source == 0x104);
    CHECK(range.target == 0x1'2345'6788);
    CHECK(range.count == 4);
  }
  SUBCASE("everything into everything stops before the last page of the lower half") {
    const MapRange range = cut(Fpage::complete(), Fpage::complete(all));
    CHECK(range.source == 0);
    CHECK(range.target == 0);
    CHECK(range.count == 0x7'ffff'ffff);
    CHECK(cut(Fpage::complete(), Fpage::memory(user_end, 12, all), 0x1000).count == 0);
    CHECK(cut(Fpage::complete(), Fpage::memory(0x1000, 12, all), user_end).count == 0);
    CHECK(cut(Fpage::complete(), Fpage::memory(0, 13, all), 0x7fff'ffff'e000).count == 1);
  }
  SUBCASE("everything into a small window") {
    const MapRange range = cut(Fpage::memory(0x4000, 13), Fpage::complete(all), 0x9'9000);
    CHECK(range.source == 0x98);
    CHECK(range.target == 4);
    CHECK(range.count == 2);
  }
  SUBCASE("what is no flexpage moves nothing") {
    CHECK(cut(Fpage::complete(), Fpage::nil()).count == 0);
    CHECK(cut(Fpage::nil(), four).count == 0);
    CHECK(cut(Fpage::complete(), Fpage::memory(0x1000, 11, all)).count == 0);
    CHECK(cut(Fpage::memory(0x1000, 10), four).count == 0);
    CHECK(cut(Fpage::complete(), Fpage::memory(u64{1} << 50, 12, all)).count == 0);
    CHECK(cut(Fpage::complete(), Fpage{63 << 4 | 7}).count == 0);
  }
  SUBCASE("ports keep their numbers") {
    const Fpage serial = Fpage::io(0x3f8, 3, all);
    MapRange range = cut(Fpage::complete(), serial, 0x7000);
    CHECK(range.ports);
    CHECK(range.source == 0x3f8);
    CHECK(range.target == 0x3f8);
    CHECK(range.count == 8);
    range = cut(Fpage::io(0x3fc, 2), serial, 0x7000);
    CHECK(range.source == 0x3fc);
    CHECK(range.count == 4);
    range = cut(Fpage::io(0, 16), serial);
    CHECK(range.source == 0x3f8);
    CHECK(range.count == 8);
    CHECK(cut(Fpage::io(0x400, 3), serial).count == 0);
    CHECK(cut(Fpage::memory(0, 30), serial).count == 0);
    CHECK(cut(Fpage::io(0, 16), four).count == 0);
    CHECK(cut(Fpage::complete(), Fpage::io(0, 16, all)).count == 65536);
  }
}

TEST_CASE("map from sigma0 and on") {
  Machine m;
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0x5000));
  CHECK(page_frame(**m.sigma0, frame_a) == frame_a);
  CHECK(page_frame(**m.a, 0x5000) == frame_a);
  CHECK(page_rights(**m.a, 0x5000) == all);
  REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x7000, ro));
  CHECK(page_rights(**m.b, 0x7000) == ro);
  REQUIRE(map_page(**m.b, 0x7000, **m.c, 0x9000, all));
  CHECK(page_rights(**m.c, 0x9000) == ro);  // never more than the source has
  check_tree_of(from_link<Mapping>(page_slot(**m.c, 0x9000).link()));

  SUBCASE("no common right, no mapping") {
    REQUIRE(map_page(**m.b, 0x7000, **m.c, 0xa000, Rights{Rights::w}));
    CHECK_FALSE(has_page(**m.c, 0xa000));
    REQUIRE(map_page(**m.a, 0x5000, **m.c, 0xa000, Rights::none()));
    CHECK_FALSE(has_page(**m.c, 0xa000));
  }
  SUBCASE("the same again only widens") {
    REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x7000, rw));
    CHECK(page_rights(**m.b, 0x7000) == rw);
    REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x7000, rx));
    CHECK(page_rights(**m.b, 0x7000) == all);
    CHECK(has_page(**m.c, 0x9000));  // what is derived stays, as it is
    CHECK(page_rights(**m.c, 0x9000) == ro);
  }
  SUBCASE("another mapping goes first, with all that is derived from it") {
    REQUIRE(map_page(**m.sigma0, frame_b, **m.b, 0x7000));
    CHECK(page_frame(**m.b, 0x7000) == frame_b);
    CHECK_FALSE(has_page(**m.c, 0x9000));
    CHECK(has_page(**m.a, 0x5000));
  }
  SUBCASE("mapping onto what it is derived from removes both") {
    REQUIRE(map_page(**m.c, 0x9000, **m.a, 0x5000));
    CHECK_FALSE(has_page(**m.a, 0x5000));
    CHECK_FALSE(has_page(**m.c, 0x9000));
    CHECK(has_page(**m.sigma0, frame_a));
  }
  SUBCASE("onto itself") {
    REQUIRE(map_page(**m.a, 0x5000, **m.a, 0x5000, ro));
    CHECK(page_rights(**m.a, 0x5000) == all);
    REQUIRE(map_page(**m.a, 0x5000, **m.a, 0x5000, ro, true));
    CHECK(page_rights(**m.a, 0x5000) == all);
    CHECK(has_page(**m.c, 0x9000));
  }
  SUBCASE("grant keeps the place in the tree") {
    REQUIRE(map_page(**m.b, 0x7000, **m.a, 0xb000, all, true));
    CHECK_FALSE(has_page(**m.b, 0x7000));
    CHECK(page_rights(**m.a, 0xb000) == ro);
    CHECK(has_page(**m.c, 0x9000));
    check_tree_of(from_link<Mapping>(page_slot(**m.c, 0x9000).link()));
    unmap(**m.a, Fpage::memory(0xb000, 12, all), false);
    CHECK_FALSE(has_page(**m.c, 0x9000));
    REQUIRE(map_page(**m.a, 0xb000, **m.c, 0x9000));
    unmap(**m.a, Fpage::memory(0x5000, 12, all), false);
    CHECK_FALSE(has_page(**m.a, 0xb000));
    CHECK_FALSE(has_page(**m.c, 0x9000));
  }
  SUBCASE("grant onto what it is derived from removes both") {
    REQUIRE(map_page(**m.c, 0x9000, **m.b, 0x7000, all, true));
    CHECK_FALSE(has_page(**m.b, 0x7000));
    CHECK_FALSE(has_page(**m.c, 0x9000));
    CHECK(has_page(**m.a, 0x5000));
  }
  SUBCASE("a grant by sigma0 maps: the frame has one root for ever") {
    REQUIRE(map_page(**m.sigma0, frame_b, **m.a, 0x6000, all, true));
    CHECK(has_page(**m.sigma0, frame_b));
    unmap(**m.sigma0, Fpage::memory(frame_b, 12, all), false);
    CHECK_FALSE(has_page(**m.a, 0x6000));
  }
}

TEST_CASE("sigma0 has everything but what is the kernel's") {
  Machine m;
  host::owned_low = {0xfec0'0000};
  host::owned_high = {0xfec0'1000};
  const Address kernel = host::kernel_memory_low.value;
  REQUIRE(map_page(**m.sigma0, kernel, **m.a, 0x5000));
  CHECK_FALSE(has_page(**m.a, 0x5000));
  REQUIRE(
      send_item(**m.sigma0, **m.a, Fpage::complete(), {Fpage::memory(0xfec0'0000, 13, all), 0xfec0'0000}));
  CHECK_FALSE(has_page(**m.a, 0xfec0'0000));
  CHECK(page_frame(**m.a, 0xfec0'1000) == 0xfec0'1000);
  CHECK_FALSE(map_identity(**m.sigma0, kernel));
  CHECK_FALSE(map_identity(**m.sigma0, user_end));
  CHECK_FALSE(map_identity(**m.sigma0, ~u64{0}));
  CHECK(map_identity(**m.sigma0, 0x1234));
  CHECK(map_identity(**m.sigma0, 0));
  CHECK(page_rights(**m.sigma0, 0) == all);
  CHECK(map_identity(**m.sigma0, 0x5000'0000'0000));
  CHECK(page_frame(**m.sigma0, 0x5000'0000'0000) == 0x5000'0000'0000);
}

TEST_CASE("taking rights") {
  Machine m;
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0x5000));
  REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x7000));
  REQUIRE(map_page(**m.b, 0x7000, **m.c, 0x9000));
  const auto take = [&](u8 rights, bool flush) {
    unmap(**m.a, Fpage::memory(0x5000, 12, Rights{rights}), flush);
  };
  const auto rights = [&](u8 mine, u8 theirs) {
    CHECK(page_rights(**m.a, 0x5000).raw == mine);
    CHECK(page_rights(**m.b, 0x7000).raw == theirs);
    CHECK(page_rights(**m.c, 0x9000).raw == theirs);
  };
  constexpr u8 r = Rights::r, w = Rights::w, x = Rights::x;
  SUBCASE("all, from the others") { take(r | w | x, false), rights(r | w | x, 0); }
  SUBCASE("all, from everybody") { take(r | w | x, true), rights(0, 0); }
  SUBCASE("w") { take(w, false), rights(r | w | x, r | x); }
  SUBCASE("w, from everybody") { take(w, true), rights(r | x, r | x); }
  SUBCASE("x") { take(x, false), rights(r | w | x, r | w); }
  SUBCASE("r alone cannot be taken while another is left") { take(r, true), rights(r | w | x, r | w | x); }
  SUBCASE("r with w leaves x, which the hardware has only with r") {
    take(r | w, true), rights(r | x, r | x);
  }
  SUBCASE("nothing") { take(0, true), rights(r | w | x, r | w | x); }
  SUBCASE("the rest of what is left removes") {
    take(x, true), rights(r | w, r | w);
    take(w, true), rights(r, r);
    take(r, true), rights(0, 0);
  }
  SUBCASE("without no-execute, x comes with r") {
    no_execute_enforced = false;
    take(x, true), rights(r | w | x, r | w | x);
    take(w, true), rights(r | x, r | x);
    take(r, true), rights(r | x, r | x);
    take(r | x, true), rights(0, 0);
  }
  SUBCASE("what is derived goes with its source even if it has more") {
    REQUIRE(map_page(**m.b, 0x7000, **m.a, 0xc000, ro, true));  // c still has all, below a page with r
    unmap(**m.a, Fpage::memory(0x5000, 12, ro), false);
    CHECK_FALSE(has_page(**m.a, 0xc000));
    CHECK_FALSE(has_page(**m.c, 0x9000));
    CHECK(has_page(**m.a, 0x5000));
  }
  SUBCASE("siblings stay") {
    REQUIRE(map_page(**m.a, 0x5000, **m.c, 0xd000));
    unmap(**m.b, Fpage::memory(0x7000, 12, all), true);
    CHECK_FALSE(has_page(**m.b, 0x7000));
    CHECK_FALSE(has_page(**m.c, 0x9000));
    CHECK(has_page(**m.c, 0xd000));
    check_tree_of(from_link<Mapping>(page_slot(**m.c, 0xd000).link()));
  }
  SUBCASE("flexpages that are none") {
    unmap(**m.a, Fpage::memory(0x5000, 11, all), true);
    unmap(**m.a, Fpage::nil(), true);
    unmap(**m.a, Fpage::memory(user_end, 12, all), true);
    unmap(**m.a, Fpage::memory(u64{1} << 60 | 0x5000, 12, all), true);
    CHECK(has_page(**m.a, 0x5000));
  }
}

TEST_CASE("accesses are reported once to everybody above") {
  Machine m;
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0x5000));
  REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x7000));
  REQUIRE(map_page(**m.b, 0x7000, **m.c, 0x9000));
  const auto ask = [](TestSpace& space, Address address, bool flush) {
    return unmap(*space, Fpage::memory(address, 12), flush);
  };
  const auto read = [](TestSpace& space, Address address) {
    host::load_root(space->memory.root());
    REQUIRE(host::access(address, false));
    host::load_root(nullptr);
  };
  const auto write = [](TestSpace& space, Address address) {
    host::load_root(space->memory.root());
    REQUIRE(host::access(address, true));
    host::load_root(nullptr);
  };
  CHECK(ask(*m.a, 0x5000, true) == Rights::none());
  SUBCASE("referenced") {
    read(*m.c, 0x9000);
    CHECK(ask(*m.a, 0x5000, false) == rx);
    CHECK(ask(*m.a, 0x5000, false) == Rights::none());
  }
  SUBCASE("written") {
    write(*m.c, 0x9000);
    CHECK(ask(*m.b, 0x7000, false) == all);
    CHECK(ask(*m.b, 0x7000, false) == Rights::none());
    CHECK(ask(*m.a, 0x5000, false) == all);  // was owed to it
    CHECK(ask(*m.a, 0x5000, false) == Rights::none());
    CHECK(ask(*m.sigma0, frame_a, false) == all);
    CHECK(ask(*m.sigma0, frame_a, false) == Rights::none());
  }
  SUBCASE("one's own accesses only with flush") {
    read(*m.a, 0x5000);
    CHECK(ask(*m.a, 0x5000, false) == Rights::none());
    CHECK(ask(*m.a, 0x5000, true) == rx);
    CHECK(ask(*m.a, 0x5000, true) == Rights::none());
  }
  SUBCASE("mappings that go leave theirs behind") {
    write(*m.c, 0x9000);
    unmap(**m.c, Fpage::memory(0x9000, 12, all), true);
    CHECK(ask(*m.b, 0x7000, false) == all);
    CHECK(ask(*m.a, 0x5000, false) == all);
  }
  SUBCASE("a grant too") {
    read(*m.b, 0x7000);
    REQUIRE(map_page(**m.b, 0x7000, **m.c, 0xe000, all, true));
    CHECK(ask(*m.c, 0xe000, true) == Rights::none());
    CHECK(ask(*m.a, 0x5000, false) == rx);
  }
  SUBCASE("of a range") {
    REQUIRE(map_page(**m.sigma0, frame_b, **m.a, 0x6000));
    read(*m.a, 0x5000);
    write(*m.a, 0x6000);
    CHECK(unmap(**m.a, Fpage::memory(0x4000, 14), true) == all);
    CHECK(unmap(**m.a, Fpage::complete(), true) == Rights::none());
  }
}

TEST_CASE("large and sparse flexpages") {
  Machine m;
  const Address low = 0x1000, high = 0x7000'0000'0000;
  for (const Address page : {low, Address{0x20'0000}, high})
    REQUIRE(map_page(**m.sigma0, frame_a, **m.a, page));
  CHECK(send_item(**m.a, **m.b, Fpage::complete(), {Fpage::complete(rw), 0, false}));
  for (const Address page : {low, Address{0x20'0000}, high}) CHECK(page_rights(**m.b, page) == rw);
  CHECK(send_item(**m.b, **m.c, Fpage::complete(), {Fpage::complete(rw), 0, true}));
  for (const Address page : {low, Address{0x20'0000}, high}) {
    CHECK_FALSE(has_page(**m.b, page));
    CHECK(page_rights(**m.c, page) == rw);
  }
  unmap(**m.a, Fpage::complete(all), false);
  for (const Address page : {low, Address{0x20'0000}, high}) {
    CHECK(has_page(**m.a, page));
    CHECK_FALSE(has_page(**m.c, page));
  }
  // All of sigma0 is more than there is memory for.
  const u64 used = (*m.sigma0)->pool.used() + (*m.b)->pool.used();
  CHECK_FALSE(send_item(**m.sigma0, **m.b, Fpage::complete(), {Fpage::complete(all), 0, false}));
  CHECK((*m.sigma0)->pool.used() + (*m.b)->pool.used() == used);
}

TEST_CASE("4 MiB from sigma0 in one item") {
  Machine m;
  const Fpage fpage = Fpage::memory(0x1000'0000, 22, all);
  REQUIRE(send_item(**m.sigma0, **m.a, Fpage::complete(), {fpage, 0x4000'0000, false}));
  for (Address offset = 0; offset < (u64{1} << 22); offset += page_size) {
    REQUIRE(page_frame(**m.a, 0x4000'0000 + offset) == 0x1000'0000 + offset);
  }
  CHECK_FALSE(has_page(**m.a, 0x4040'0000));
  REQUIRE(send_item(**m.sigma0, **m.a, Fpage::complete(), {fpage, 0x4000'0000, false}));
  unmap(**m.a, Fpage::memory(0x4000'0000, 22, all), true);
  CHECK(next_present((*m.a)->memory, 0, user_end >> page_bits) == user_end >> page_bits);
}

TEST_CASE("pages of the kernel's own") {
  Machine m;
  REQUIRE(place_fixed_page(**m.a, 0x5000, {0x20'0000}, true));
  REQUIRE(place_fixed_page(**m.a, 0x6000, {0x20'1000}, false));
  CHECK(page_rights(**m.a, 0x5000) == rw);
  CHECK(page_rights(**m.a, 0x6000) == ro);
  host::load_root((*m.a)->memory.root());
  CHECK(host::access(0x5000, true));
  CHECK_FALSE(host::access(0x6000, true));
  CHECK(unmap(**m.a, Fpage::complete(all), true) == Rights::none());
  CHECK(has_page(**m.a, 0x5000));
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0x5000));
  CHECK(page_frame(**m.a, 0x5000) == 0x20'0000);
  REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x5000));
  CHECK_FALSE(has_page(**m.b, 0x5000));
  REQUIRE(send_item(**m.a, **m.b, Fpage::complete(), {Fpage::complete(all), 0, true}));
  CHECK(has_page(**m.a, 0x5000));
  CHECK_FALSE(has_page(**m.b, 0x5000));
  remove_fixed_page(**m.a, 0x5000);
  CHECK_FALSE(has_page(**m.a, 0x5000));
  CHECK_FALSE(host::access(0x5000, false));
  remove_fixed_page(**m.a, 0x5000);
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0x5000));
  remove_fixed_page(**m.a, 0x5000);  // not one of the kernel's now
  CHECK(has_page(**m.a, 0x5000));
  REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x5000));
  REQUIRE(place_fixed_page(**m.a, 0x5000, {0x20'0000}, true));  // in place of it
  CHECK_FALSE(has_page(**m.b, 0x5000));
  CHECK_FALSE(place_fixed_page(**m.a, user_end, {0x20'0000}, true));
  remove_fixed_page(**m.a, 0x5000);
  remove_fixed_page(**m.a, 0x6000);
}

TEST_CASE("ports") {
  Machine m;
  CHECK((*m.a)->io_bitmap == nullptr);
  REQUIRE(map_port(**m.sigma0, **m.a, 0x3f8));
  CHECK(has_port(**m.a, 0x3f8));
  CHECK(port_allowed(**m.a, 0x3f8));
  CHECK_FALSE(port_allowed(**m.a, 0x3f9));
  CHECK(host::ports_changes > 0);
  REQUIRE(map_port(**m.a, **m.b, 0x3f8));
  REQUIRE(map_port(**m.a, **m.b, 0x3f9));  // a has none
  CHECK(port_allowed(**m.b, 0x3f8));
  CHECK_FALSE(port_allowed(**m.b, 0x3f9));
  CHECK_FALSE(has_page(**m.b, 0x3f8'000));
  SUBCASE("any right taken takes it") {
    unmap(**m.a, Fpage::io(0x3f8, 3, Rights{Rights::w}), false);
    CHECK(port_allowed(**m.a, 0x3f8));
    CHECK_FALSE(port_allowed(**m.b, 0x3f8));
    CHECK_FALSE(has_port(**m.b, 0x3f8));
  }
  SUBCASE("asking takes none") {
    CHECK(unmap(**m.a, Fpage::io(0x3f8, 3), true) == Rights::none());
    CHECK(port_allowed(**m.b, 0x3f8));
  }
  SUBCASE("a complete flexpage is memory alone") {
    unmap(**m.a, Fpage::complete(all), true);
    CHECK(port_allowed(**m.b, 0x3f8));
  }
  SUBCASE("grant") {
    REQUIRE(map_port(**m.a, **m.c, 0x3f8, true));
    CHECK_FALSE(port_allowed(**m.a, 0x3f8));
    CHECK(port_allowed(**m.b, 0x3f8));
    CHECK(port_allowed(**m.c, 0x3f8));
    unmap(**m.c, Fpage::io(0, 16, all), true);
    CHECK_FALSE(port_allowed(**m.b, 0x3f8));
  }
  SUBCASE("all of them") {
    REQUIRE(send_item(**m.sigma0, **m.c, Fpage::io(0, 16), {Fpage::io(0, 16, rw), 0, false}));
    for (u64 port = 0; port < 65536; ++port) REQUIRE(port_allowed(**m.c, port));
    unmap(**m.sigma0, Fpage::io(0, 16, all), false);
    for (u64 port = 0; port < 65536; ++port) REQUIRE_FALSE(port_allowed(**m.c, port));
    CHECK_FALSE(port_allowed(**m.b, 0x3f8));
  }
  SUBCASE("sigma0 uses them too") {
    CHECK(map_identity_port(**m.sigma0, 0x80));
    CHECK(port_allowed(**m.sigma0, 0x80));
    CHECK_FALSE(map_identity_port(**m.sigma0, 65536));
  }
}

TEST_CASE("the software walk is the hardware's") {
  Machine m;
  const Address page = 0x5000;
  CHECK_FALSE(translate(**m.a, page, ro));
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, page, rx));
  CHECK(translate(**m.a, page + 0x123, ro) == Phys{frame_a + 0x123});
  CHECK(unmap(**m.a, Fpage::memory(page, 12), true) == rx);
  CHECK(translate(**m.a, page, Rights{Rights::x}));
  CHECK_FALSE(translate(**m.a, page, Rights{Rights::w}));
  unmap(**m.a, Fpage::memory(page, 12), true);
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, page, rw));
  CHECK(translate(**m.a, page, Rights{Rights::w}));
  REQUIRE(map_page(**m.sigma0, 0xfee0'0000, **m.b, page));
  CHECK_FALSE(translate(**m.b, page, ro));  // a device's registers are out of the kernel's reach
  CHECK(unmap(**m.a, Fpage::memory(page, 12), true) == all);
  unmap(**m.a, Fpage::memory(page, 12, Rights{Rights::x}), true);
  CHECK_FALSE(translate(**m.a, page, Rights{Rights::x}));
  for (const Address address : {user_end, user_end + 0xfff, Address{0x8000'0000'0000}, ~Address{0}}) {
    CHECK_FALSE(translate(**m.a, address, ro));
  }
}

TEST_CASE("the translation buffer is told what it must forget") {
  Machine m;
  const Fpage range = Fpage::memory(0x1000'0000, 18, all);  // 64 pages
  REQUIRE(send_item(**m.sigma0, **m.a, Fpage::complete(), {range, 0x1000'0000, false}));
  const auto touch_all = [&] {
    for (Address page = 0x1000'0000; page < 0x1004'0000; page += page_size) REQUIRE(host::access(page, true));
  };
  SUBCASE("page by page while they are few") {
    host::load_root((*m.a)->memory.root());
    touch_all();
    unmap(**m.sigma0, Fpage::memory(0x1000'0000, 16, all), false);
    CHECK(host::page_invalidations == 16);
    CHECK(host::full_invalidations == 0);
    CHECK(host::stale_translations() == 0);
  }
  SUBCASE("all at once when they are many") {
    step_budget = i64{1} << 40;
    host::load_root((*m.a)->memory.root());
    touch_all();
    unmap(**m.sigma0, range.with_rights(Rights{Rights::w}), false);
    CHECK(host::page_invalidations == 32);
    CHECK(host::full_invalidations == 1);
    CHECK(host::stale_translations() == 0);
    CHECK_FALSE(host::access(0x1000'0000, true));
  }
  SUBCASE("not at all for a space that is not loaded") {
    host::load_root((*m.b)->memory.root());
    unmap(**m.sigma0, range, false);
    CHECK(host::page_invalidations == 0);
    CHECK(host::full_invalidations == 0);
  }
  SUBCASE("after asking, accesses are marked again") {
    host::load_root((*m.a)->memory.root());
    touch_all();
    CHECK(unmap(**m.a, range.with_rights(Rights::none()), true) == all);
    touch_all();
    CHECK(unmap(**m.a, range.with_rights(Rights::none()), true) == all);
  }
}

TEST_CASE("out of memory: nothing has changed") {
  Machine m;
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0x5000));
  REQUIRE(map_page(**m.a, 0x5000, **m.b, 0x7000));
  const Address far = 0x7000'0000'0000;
  for (u64 limit = 0;; ++limit) {
    (*m.c)->pool.set_limit(limit);
    const u64 frames = frame_store.free_frames(), used = (*m.c)->pool.used();
    if (map_page(**m.b, 0x7000, **m.c, far)) {
      CHECK(limit == 7);  // three tables and a page of nodes
      break;
    }
    CHECK(frame_store.free_frames() == frames);
    CHECK((*m.c)->pool.used() == used);
    CHECK_FALSE((*m.c)->memory.find(far >> page_bits));
    REQUIRE(limit < 10);
  }
  CHECK(has_page(**m.c, far));
  SUBCASE("with the tables there, a full pool is no obstacle") {
    CHECK(map_page(**m.b, 0x7000, **m.c, far + page_size));
    CHECK_FALSE(map_page(**m.b, 0x7000, **m.c, far + (u64{1} << 21)));
  }
  SUBCASE("nor is an empty store") {
    std::vector<void*> hoard;
    while (void* frame = frame_store.take(0)) hoard.push_back(frame);
    CHECK(map_page(**m.b, 0x7000, **m.c, far + page_size));
    CHECK_FALSE(map_page(**m.b, 0x7000, **m.c, 0));
    CHECK_FALSE(map_port(**m.sigma0, **m.c, 0));
    CHECK_FALSE(map_identity(**m.sigma0, u64{1} << 40));
    CHECK_FALSE(place_fixed_page(**m.c, 0, {0x20'0000}, true));
    CHECK(map_page(**m.sigma0, frame_b, **m.b, 0x8000));
    for (void* frame : hoard) frame_store.give(frame, 0);
  }
}

TEST_CASE("revoking a page of a thousand spaces' worth of mappings") {
  Machine m;
  REQUIRE(map_page(**m.sigma0, frame_a, **m.a, 0));
  for (u64 i = 0; i < 1000; ++i) REQUIRE(map_page(**m.a, 0, **m.b, (i + 1) * page_size));
  for (u64 i = 0; i < 1000; ++i) REQUIRE(map_page(**m.b, (i + 1) * page_size, **m.c, i * page_size));
  check_tree_of(from_link<Mapping>(page_slot(**m.a, 0).link()));
  unmap(**m.b, Fpage::memory(0x1f4'000, 12, all), true);
  CHECK_FALSE(has_page(**m.c, 0x1f3'000));
  CHECK(has_page(**m.c, 0x1f4'000));
  unmap(**m.a, Fpage::memory(0, 12, all), false);
  CHECK(next_present((*m.b)->memory, 0, 2000) == 2000);
  CHECK(next_present((*m.c)->memory, 0, 2000) == 2000);
  CHECK(has_page(**m.a, 0));
}
