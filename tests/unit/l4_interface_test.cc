// SPDX-License-Identifier: MIT
// The parts of include/l4 that enter no kernel, against what the kernel makes of
// the same words.
#include <doctest/doctest.h>

#include <initializer_list>

#include <abi.h>
#include <l4/l4.hpp>
#include <l4/pagefault.h>

namespace {

constexpr L4_Word_t max_period = 1023UL << 31;

L4_Word_t microseconds(L4_Time_t t) { return mica::Time{t.raw}.microseconds(); }

}  // namespace

TEST_CASE("l4: a time period is never shorter than asked and at most 0.2 % longer") {
  CHECK(L4_TimePeriod(0).raw == L4_ZeroTime.raw);
  CHECK(mica::Time{L4_ZeroTime.raw}.is_zero());
  CHECK(L4_TimePeriod(max_period + 1).raw == L4_Never.raw);
  CHECK(microseconds(L4_TimePeriod(max_period)) == max_period);
  for (L4_Word_t us = 1; us < max_period; us += us / 7 + 1) {
    const L4_Time_t t = L4_TimePeriod(us);
    CHECK_FALSE(mica::Time{t.raw}.is_point());
    CHECK_FALSE(mica::Time{t.raw}.is_never());
    CHECK(microseconds(t) >= us);
    CHECK(microseconds(t) - us <= us / 500);
  }
}

TEST_CASE("l4: the kernel reads a time point as it was meant") {
  for (const L4_Word_t now : {1UL, 1000UL, 1023UL, 1024UL, 123456789UL, (1UL << 40) + 77777}) {
    for (L4_Word_t away = 1; away < 1UL << 25; away += away / 5 + 1) {
      const L4_Clock_t clock{.raw = now}, at{.raw = now + away};
      const mica::Time point{L4_TimePointFrom(at, clock).raw};
      REQUIRE(point.is_point());
      const L4_Word_t read = point.point(now), resolution = 1UL << mica::bits(point.raw, 11, 4);
      CHECK(read <= at.raw);
      CHECK(at.raw - read < resolution);
      CHECK(resolution <= away / 256 + 1);
    }
    CHECK(L4_TimePointFrom(L4_Clock_t{.raw = now}, L4_Clock_t{.raw = now}).raw == L4_ZeroTime.raw);
  }
  CHECK(L4_TimePointFrom(L4_Clock_t{.raw = 1UL << 40}, L4_Clock_t{.raw = 1}).raw == L4_Never.raw);
}

TEST_CASE("l4: flexpages") {
  const L4_Fpage_t page = L4_Fpage(0x12345678, 0x1000);
  CHECK(L4_Address(page) == 0x12345000);
  CHECK(L4_SizeLog2(page) == 12);
  CHECK(L4_Rights(page + L4_ReadWriteOnly) == 6);
  CHECK(L4_Rights((page + L4_FullyAccessible) - L4_Writable) == 5);
  CHECK(L4_SizeLog2(L4_Fpage(0, 0x1001)) == 13);
  CHECK(L4_IsNilFpage(L4_Fpage(0x1000, 0)));
  CHECK(L4_FpageLog2(0x12345678, 21).raw == mica::Fpage::memory(0x12345678 & ~0x1fffffUL, 21).raw);
  CHECK(L4_CompleteAddressSpace.raw == mica::Fpage::complete().raw);
  const L4_Fpage_t ports = L4_IoFpage(0x3f8, 8);
  CHECK(ports.raw == mica::Fpage::io(0x3f8, 3).raw);
  CHECK(L4_IsIoFpage(ports));
  CHECK(L4_IoFpagePort(ports) == 0x3f8);
  CHECK(L4_IoFpageSize(ports) == 8);
  CHECK(l4::Fpage::io(0x3f9, 3, l4::no_access).raw == ports.raw);
  CHECK(l4::Fpage::memory(0x12345678, 12, l4::full_access).raw == (page + L4_FullyAccessible).raw);
  CHECK(l4::Fpage(ports).base() == 0x3f8);
  CHECK(l4::Fpage::complete().order() == 47);
}

TEST_CASE("l4: thread ids") {
  const L4_ThreadId_t id = L4_GlobalId(50, 1);
  CHECK(id.raw == 0x3200000001);
  CHECK(L4_ThreadNo(id) == 50);
  CHECK(L4_Version(id) == 1);
  CHECK(L4_IsGlobalId(id));
  CHECK(L4_anylocalthread.raw == mica::ThreadId::any_local().raw);
  CHECK(L4_IsLocalId(L4_ThreadId_t{.raw = 0xbf000200}));
  CHECK(l4::ThreadId::global(50, 1) == l4::ThreadId(id));
}

TEST_CASE("l4: a message object keeps untyped words before typed items") {
  L4_Msg_t msg;
  L4_MsgClear(&msg);
  L4_Set_MsgLabel(&msg, 0x1234);
  L4_MsgAppendWord(&msg, 1);
  L4_MsgAppendMapItem(&msg, L4_MapItem(L4_FpageLog2(0x5000, 12) + L4_Readable, 0x8000));
  L4_MsgAppendWord(&msg, 2);
  L4_MsgAppendGrantItem(&msg, L4_GrantItem(L4_FpageLog2(0x6000, 12), 0x9000));
  const mica::MsgTag tag{msg.raw[0]};
  CHECK(tag.untyped() == 2);
  CHECK(tag.typed() == 4);
  CHECK(tag.label() == 0x1234);
  CHECK(L4_MsgWord(&msg, 0) == 1);
  CHECK(L4_MsgWord(&msg, 1) == 2);
  const mica::TypedItem map{msg.raw[3]}, grant{msg.raw[5]};
  CHECK(map.kind() == mica::TypedItem::Kind::map);
  CHECK(map.send_base() == 0x8000);
  CHECK(msg.raw[4] == mica::Fpage::memory(0x5000, 12, {mica::Rights::r}).raw);
  CHECK(grant.kind() == mica::TypedItem::Kind::grant);
  L4_GrantItem_t read;
  CHECK(L4_MsgGetGrantItem(&msg, 2, &read) == 2);
  CHECK(L4_IsGrantItem(read));
  CHECK(L4_GrantItemSndBase(read) == 0x9000);
}

TEST_CASE("l4: string items, substrings and receive buffers") {
  char text[8], other[8];
  L4_Word_t room[8] = {};
  auto* const s = reinterpret_cast<L4_StringItem_t*>(room);
  *s = L4_StringItem(5, text);
  L4_AddSubstringAddressTo(s, other);
  CHECK(mica::TypedItem{room[0]}.string_pointers() == 2);
  L4_StringItem_t more = L4_StringItem(7, other);
  L4_AddSubstringTo(s, &more);
  CHECK(mica::TypedItem{room[0]}.string_continues());
  CHECK(mica::TypedItem{room[3]}.string_length() == 7);
  CHECK(L4_Substring(s, 2) == other);
  L4_Msg_t msg;
  L4_MsgClear(&msg);
  L4_MsgAppendStringItem(&msg, s);
  CHECK(L4_TypedWords(msg.tag) == 5);

  L4_MsgBuffer_t buffers;
  L4_MsgBufferClear(&buffers);
  L4_MsgBufferAppendSimpleRcvString(&buffers, L4_StringItem(100, text));
  L4_MsgBufferAppendSimpleRcvString(&buffers, L4_StringItem(200, other));
  CHECK(buffers.raw[1] == (100UL << 10 | 1));
  CHECK(buffers.raw[3] == 200UL << 10);
}

TEST_CASE("l4: acceptors and the kernel's labels") {
  const L4_Acceptor_t both = L4_MapGrantItems(L4_CompleteAddressSpace) + L4_StringItemsAcceptor;
  CHECK(mica::Acceptor{both.raw}.strings());
  CHECK(mica::Acceptor{both.raw}.window().is_complete());
  CHECK((both - L4_StringItemsAcceptor).raw == 0x10);
  const L4_MsgTag_t fault{.raw = mica::MsgTag::make(mica::label_page_fault | 2, 2).raw};
  CHECK(fault.raw == 0xffffffffffe20002);
  CHECK(L4_IsPageFault(fault));
  CHECK(L4_PageFaultAccess(fault) == L4_Writable);
  CHECK_FALSE(L4_IsIoFault(fault));
  CHECK(l4::Tag{fault.raw}.is(L4_PageFaultLabel));
  CHECK(L4_IsException(L4_MsgTag_t{.raw = mica::MsgTag::make(mica::label_exception, 20).raw}));
}
