// SPDX-License-Identifier: MIT
// The binary interface against values worked out by hand from its description.
#include "abi.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace mica;

TEST_CASE("thread ids") {
  CHECK(ThreadId::global(48, 1).raw == 0x0000'0030'0000'0001);
  CHECK(ThreadId::global(50, 1).number() == 50);
  CHECK(ThreadId{0x0000'0032'0000'0041}.version() == 0x41);
  CHECK(ThreadId::interrupt(4).raw == 0x0000'0004'0000'0001);
  CHECK(ThreadId::nil().is_nil());
  CHECK(ThreadId{~u64{0}}.is_any());
  CHECK(ThreadId{0xffff'ffff'ffff'ffc0}.is_any_local());
  const ThreadId local{0xbf00'0200}, global = ThreadId::global(50, 1);
  CHECK(local.is_local());
  CHECK_FALSE(local.is_global());
  CHECK(global.is_global());
  CHECK_FALSE(global.is_local());
  for (const ThreadId special : {ThreadId::nil(), ThreadId::any(), ThreadId::any_local()}) {
    CHECK_FALSE(special.is_local());
    CHECK_FALSE(special.is_global());
  }
}

TEST_CASE("flexpages of memory") {
  const Fpage page = Fpage::memory(0x12345678, 12, Rights::all());
  CHECK(page.raw == 0x123454c7);
  CHECK(page.base() == 0x12345000);
  CHECK(page.order() == 12);
  CHECK(page.rights() == Rights::all());
  CHECK(page.usable());

  const Fpage large{0x0040'0000 | 21 << 4 | 5};
  CHECK(large.order() == 21);
  CHECK(large.base() == 0x40'0000);
  CHECK(large.rights() == Rights{Rights::r | Rights::x});
  CHECK_FALSE(large.rights().has(Rights::w));
  CHECK(Fpage{0x0050'0000 | 21 << 4}.base() == 0x40'0000);  // rounded down

  CHECK(Fpage::nil().is_nil());
  CHECK(Fpage{0xf}.is_nil());
  CHECK_FALSE(Fpage::nil().usable());
  CHECK_FALSE(Fpage::memory(0x1000, 11).usable());
  CHECK_FALSE(Fpage::memory(0x1000, 48).usable());
  CHECK_FALSE(Fpage::memory(0x1000, 63).usable());
  CHECK_FALSE(Fpage::memory(u64{1} << 47, 12).usable());
  CHECK(Fpage::memory((u64{1} << 47) - 0x1000, 12).usable());
  CHECK(page.with_rights(Rights::none()).raw == 0x123454c0);
}

TEST_CASE("the complete flexpage") {
  CHECK(Fpage::complete().raw == 0x10);
  CHECK(Fpage{0x17}.is_complete());
  CHECK(Fpage{0x17}.rights() == Rights::all());
  CHECK(Fpage::complete().usable());
  CHECK(Fpage::complete().base() == 0);
  CHECK(Fpage::complete().order() == 47);
  CHECK_FALSE(Fpage::complete().is_io());
  CHECK_FALSE(Fpage::complete().is_nil());
}

TEST_CASE("flexpages of I/O ports") {
  const Fpage serial = Fpage::io(0x3f8, 3, Rights::all());
  CHECK(serial.raw == (0x3f8u << 16 | 3u << 10 | 2u << 4 | 7u));
  CHECK(serial.is_io());
  CHECK(serial.base() == 0x3f8);
  CHECK(serial.order() == 3);
  CHECK(serial.usable());
  const Fpage all = Fpage::io(0, 16);
  CHECK(all.raw == (16u << 10 | 2u << 4));
  CHECK(all.usable());
  CHECK_FALSE(Fpage::io(0, 17).usable());
  CHECK_FALSE(Fpage::io(0x10000, 0).usable());
  CHECK(Fpage::io(0x3fb, 2).base() == 0x3f8);
  CHECK_FALSE(Fpage::io(0, 0).is_nil());
}

TEST_CASE("rights") {
  CHECK((Rights{6} & Rights{5}) == Rights{4});
  CHECK((Rights{2} | Rights{1}) == Rights{3});
  CHECK(~Rights{1} == Rights{6});
  CHECK(Rights::none().empty());
}

TEST_CASE("periods") {
  CHECK(Time::never().is_never());
  CHECK_FALSE(Time::never().is_zero());
  CHECK(Time::zero().raw == 0x0400);
  CHECK(Time::zero().is_zero());
  CHECK(Time{0x0800}.is_zero());  // any exponent with mantissa 0 but never
  CHECK(Time{1}.microseconds() == 1);
  CHECK(Time{1023}.microseconds() == 1023);
  CHECK(Time{u16{10} << 10 | 1}.microseconds() == 1024);
  CHECK(Time{u16{4} << 10 | 625}.microseconds() == 10'000);
  CHECK(Time{0x7fff}.microseconds() == u64{1023} << 31);
  CHECK_FALSE(Time{0x7fff}.is_point());
}

TEST_CASE("points in time") {
  // T = k << (e + 10) | m << e, k = clock >> (e + 10), plus 1 when its lowest bit is not c.
  const auto point = [](u16 e, u16 c, u16 m) {
    return Time{static_cast<u16>(0x8000 | e << 11 | c << 10 | m)};
  };
  CHECK(point(0, 0, 5).is_point());
  CHECK_FALSE(point(0, 0, 0).is_zero());
  CHECK(point(0, 0, 5).point(2048) == 2048 + 5);
  CHECK(point(0, 1, 5).point(2048) == 2048 + 1024 + 5);
  CHECK(point(0, 1, 5).point(1024) == 1024 + 5);
  CHECK(point(0, 0, 5).point(1024) == 2048 + 5);
  CHECK(point(0, 0, 5).point(2048 + 900) == 2048 + 5);  // has passed
  CHECK(point(3, 1, 100).point(0) == 8192 + 800);
  CHECK(point(15, 0, 1023).point(0) == u64{1023} << 15);
}

TEST_CASE("the word of timeouts") {
  const Timeouts both{0xdead'0000'0400'0000 | 0x0064};
  CHECK(both.send() == Time::zero());
  CHECK(both.receive().microseconds() == 100);
}

TEST_CASE("message tags") {
  const MsgTag fault{0xffff'ffff'ffe2'0002};
  CHECK(fault.untyped() == 2);
  CHECK(fault.typed() == 0);
  CHECK(fault.label() == (label_page_fault | 2));
  CHECK(MsgTag::make(label_page_fault | 4, 2).raw == 0xffff'ffff'ffe4'0002);
  CHECK(MsgTag::make(label_io_fault, 2).raw == 0xffff'ffff'ff80'0002);
  CHECK(MsgTag::make(0x7fff'ffff'ffff, 0).label() == 0x7fff'ffff'ffff);
  CHECK(MsgTag::make(1, 63, 0).fits());
  CHECK_FALSE(MsgTag::make(1, 62, 2).fits());
  CHECK_FALSE(MsgTag{0xfff}.fits());
  CHECK(MsgTag{0x0001'f0c2}.clean().raw == 0x0001'00c2);
  CHECK(MsgTag{2}.with(MsgTag::error).has(MsgTag::error));
  CHECK(MsgTag{0xc2}.typed() == 3);
}

TEST_CASE("typed items") {
  CHECK(TypedItem{0x8}.kind() == TypedItem::Kind::map);
  CHECK(TypedItem{0xa}.kind() == TypedItem::Kind::grant);
  CHECK(TypedItem{0xa}.is_map_or_grant());
  CHECK(TypedItem{0xa}.words() == 2);
  CHECK(TypedItem{0x12345c08}.send_base() == 0x12345c00);
  CHECK(TypedItem{0xc}.kind() == TypedItem::Kind::ctrl_xfer);
  const TypedItem text{5000 << 10 | 1 << 9 | 3 << 4 | 2 << 1};
  CHECK(text.is_string());
  CHECK(text.string_length() == 5000);
  CHECK(text.string_continues());
  CHECK(text.string_pointers() == 4);
  CHECK(text.words() == 5);
}

TEST_CASE("acceptor") {
  CHECK(Acceptor{0x11}.strings());
  CHECK(Acceptor{0x11}.window().is_complete());
  CHECK(Acceptor{0}.window().is_nil());
  CHECK(Acceptor{0x8000 | 13 << 4 | 3}.window().raw == (0x8000 | 13 << 4));
}

TEST_CASE("error words") {
  CHECK(ipc_error_word(Phase::send, IpcError::timeout) == 2);
  CHECK(ipc_error_word(Phase::receive, IpcError::timeout) == 3);
  CHECK(ipc_error_word(Phase::send, IpcError::no_partner) == 4);
  CHECK(ipc_error_word(Phase::receive, IpcError::no_partner) == 5);
  CHECK(ipc_error_word(Phase::receive, IpcError::overflow, 3) == 8 + 16 * 3 + 1);
  CHECK(ipc_error_word(Phase::receive, IpcError::aborted) == 15);
}

TEST_CASE("buffer registers grow downwards in the UTCB") {
  Utcb utcb{};
  u8* const start = reinterpret_cast<u8*>(&utcb);
  CHECK(reinterpret_cast<u8*>(&utcb.br(0)) - start == 0x180);
  CHECK(reinterpret_cast<u8*>(&utcb.br(32)) - start == 0x080);
}
