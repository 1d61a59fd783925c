// SPDX-License-Identifier: MIT
// Further forms of sigma0's protocol: physical addresses in two words, attributes, the
// copy of the kernel interface page, the dump (manual, chapter 7.6).
#include "messages.h"

using namespace guest;

namespace {

using l4::Fpage;

struct Answer {
  l4::Tag tag;
  Word item, page;
};
Answer ask(l4::Words m, Fpage window) {
  L4_Accept(L4_Acceptor_t{.raw = window.raw & ~Word{0xf}});
  l4::ipc_words(runtime::sigma0(), runtime::sigma0(), {timeouts(100'000, 100'000)}, m);
  return {m.tag(), m[1], m[2]};
}
constexpr l4::Tag request(unsigned u) { return l4::Tag::make(L4_Sigma0RequestLabel, u); }
Fpage any(unsigned order) { return Fpage(~Word{0x3ff} | Word{order} << 4); }
constexpr Word place = 0x52'0000'0000;

}  // namespace

TEST("the answer: label 0, one map item; send base is the physical address, the flexpage what was given") {
  const Answer a = ask(l4::Words(request(2), any(12).raw, 0), Fpage::page(place));
  expect_eq(a.tag.raw, l4::Tag::make(0, 0, 2).raw);
  expect_eq(a.item & 0xf, 8u);
  const Fpage given(a.page);
  expect_eq(a.item & ~Word{0x3ff}, given.base());
  expect_eq(given.order(), 12u);
  expect_eq(given.rights().raw, 7u);
}

TEST("refused: a map item with a nil flexpage") {
  const Answer a = ask(l4::Words(request(2), Fpage::page(0xfee0'0000).raw, 0), Fpage::page(place));
  expect_eq(a.tag.raw, l4::Tag::make(0, 0, 2).raw);
  expect_eq(a.item & 0xe, 8u);
  expect_eq(a.page & ~Word{0xf}, 0u);
}

TEST("bit 3 of the flexpage and a third word: bits 32 and up of the address") {
  const Fpage some(ask(l4::Words(request(2), any(12).raw, 0), Fpage::page(place)).page);
  require(!some.is_nil());
  const Word wanted = some.raw | 8;
  expect_eq(Fpage(ask(l4::Words(request(3), wanted, 0, 0), Fpage::page(place + 0x1000)).page).base(), some.base());
  // What does not fit into an address.
  expect_eq(ask(l4::Words(request(3), wanted, 0, 0x8000), Fpage::page(place + 0x2000)).page >> 4, 0u);
  expect_eq(ask(l4::Words(request(3), wanted, 0, ~Word{0}), Fpage::page(place + 0x2000)).page >> 4, 0u);
  // Without the third word, or without the bit, it is an ordinary request.
  expect_eq(Fpage(ask(l4::Words(request(2), wanted, 0, 0x7000), Fpage::page(place + 0x3000)).page).base(), some.base());
  expect_eq(Fpage(ask(l4::Words(request(3), some.raw, 0, 0x7000), Fpage::page(place + 0x4000)).page).base(),
            some.base());
}

TEST("rights in the wanted flexpage do not matter: all are given") {
  for (Word rights = 0; rights < 8; ++rights) {
    context("rights", rights);
    const Fpage given(ask(l4::Words(request(2), any(12).raw | rights, 0), Fpage::page(place + 0x5000)).page);
    expect(!given.is_nil());
    expect_eq(given.rights().raw, 7u);
  }
}

TEST("attributes that memory can have: the page is given, and works") {
  for (const Word attribute : {L4_WriteBackMemory, L4_WriteThroughMemory, L4_UncacheableMemory,
                               L4_WriteCombiningMemory, L4_WriteProtectedMemory}) {
    context("attribute", attribute);
    const Answer a = ask(l4::Words(request(2), any(12).raw, attribute), Fpage::page(place + 0x6000));
    if (!expect(!Fpage(a.page).is_nil())) continue;
    object_at<volatile Word>(place + 0x6008) = attribute;
    expect_eq(object_at<volatile Word>(place + 0x6008), attribute);
  }
}

TEST("attribute 0x100: a read-only copy of the kernel interface page") {
  const Answer a = ask(l4::Words(request(2), Fpage::page(place + 0x7000).raw, 0x100), Fpage::page(place + 0x7000));
  expect_eq(Fpage(a.page).rights().raw & 2, 0u);
  for (Word offset = 0; offset < 4096; offset += 8) {
    if (!expect_eq(object_at<volatile Word>(place + 0x7000 + offset),
                   object_at<volatile Word>(runtime::kip_address + offset)))
      break;
  }
}

TEST("the dump: silence for all but the root task's first thread and the kernel's") {
  const l4::Tag dump = l4::Tag::make(-1001 * 16, 2);
  // From a thread of the root task that is not its first one: silence.
  l4::Words m(dump, 2, 1);
  l4::ipc_words(runtime::sigma0(), runtime::sigma0(), {timeouts(100'000, 3000)}, m);
  expect_failed(m.tag(), receive_timeout);
  m = l4::Words(dump, 1, 5);
  l4::ipc_words(runtime::sigma0(), runtime::sigma0(), {timeouts(100'000, 3000)}, m);
  expect_failed(m.tag(), receive_timeout);
}
