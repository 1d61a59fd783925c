// SPDX-License-Identifier: MIT
// What Unmap tells of the use of pages, and when it forgets (manual, chapter 4.2).
#include "subject.h"

using namespace guest;

namespace {

using l4::Fpage;

constexpr Word area = 0x21'0000'0000;
alignas(4 * 4096) std::byte memory[4 * 4096];
Word page(unsigned i) { return reinterpret_cast<Word>(memory) + i * 4096; }
Fpage mine(Word rights, unsigned i = 0) { return Fpage::page(page(i), l4::Rights{rights}); }

void prepare() {
  for (unsigned i = 0; i < 4; ++i) object_at<Word>(page(i)) = executable_code;
  L4_Flush(Fpage::memory(page(0), 14, l4::no_access));  // forgets what was
}
void give(Subject& to, Fpage f, Word address) {
  to.accept(Fpage::memory(address, f.order()));
  l4::Words m(l4::Tag::make(2, 0, 2), 8, f.raw);
  expect_ok(l4::send_words(to.id(), m));
  to.end();
}
Word status_of(Fpage f, bool flush) { return (flush ? L4_Flush(f) : L4_UnmapFpage(f)).raw & 7; }

constexpr Word referenced = 5, modified = 6;

}  // namespace

TEST("status: read is r and x, written adds w, executed is r and x; nothing without a use") {
  prepare();
  Subject s;
  give(s, mine(7), area);
  status_of(mine(0), false);
  expect_eq(status_of(mine(0), false), 0u);
  s.can_read(area);
  expect_eq(status_of(mine(0), false), referenced);
  s.can_execute(area);
  expect_eq(status_of(mine(0), false), referenced);
  s.can_write(area);
  expect_eq(status_of(mine(0), false), referenced | modified);
  expect_eq(status_of(mine(0), false), 0u);
  L4_UnmapFpage(mine(7));
}

TEST("status: without flush of derived mappings alone, with flush of the own one too, which is reset by it") {
  prepare();
  Subject s;
  give(s, mine(7), area);
  status_of(mine(0), true);
  object_at<volatile Word>(page(0) + 8) = 1;
  expect_eq(status_of(mine(0), false), 0u, "one's own use");
  expect_eq(status_of(mine(0), true), referenced | modified, "by flush");
  expect_eq(status_of(mine(0), true), 0u, "reset");
  s.can_read(area);
  expect_eq(status_of(mine(0), true), referenced, "derived, by flush");
  L4_UnmapFpage(mine(7));
}

TEST("status comes with a revocation, of rights and of the whole mapping") {
  prepare();
  Subject s;
  give(s, mine(7), area);
  status_of(mine(0), false);
  s.can_write(area);
  expect_eq(status_of(mine(2), false), referenced | modified, "w goes");
  expect_eq(s.rights(area), 5u);
  status_of(mine(0), false);
  s.can_read(area);
  expect_eq(status_of(mine(7), false), referenced, "all goes");
  expect_eq(s.rights(area), 0u);
  expect_eq(status_of(mine(7), false), 0u);
}

TEST("status of a flexpage is that of all its pages together") {
  prepare();
  Subject s;
  give(s, Fpage::memory(page(0), 14, l4::full_access), area);
  const Fpage all = Fpage::memory(page(0), 14);
  status_of(all, false);
  s.can_read(area + 0x1000);
  expect_eq(status_of(mine(0, 0), false), 0u, "another page");
  s.can_write(area + 0x3000);
  expect_eq(status_of(all, false), referenced | modified);
  expect_eq(status_of(all, false), 0u);
  L4_UnmapFpage(all.with(l4::full_access));
}

TEST("a flexpage comes back with its base and size; only the rights are replaced") {
  prepare();
  for (const Fpage f : {mine(7), Fpage::memory(page(0), 14, l4::Rights{2}), Fpage(mine(4).raw | 8), Fpage::nil(),
                        Fpage(0x7000'0000'0000 | 12 << 4 | 7)}) {
    context("flexpage", f.raw);
    expect_eq(L4_UnmapFpage(f).raw & ~Word{7}, f.raw & ~Word{7});
    expect_eq(L4_UnmapFpage(f).raw & 7, 0u);
  }
}

TEST("r and x alone: x goes by itself, r only with the mapping") {
  prepare();
  Subject s;
  for (const Word taken : {Word{1}, Word{2}, Word{3}, Word{4}, Word{5}, Word{6}, Word{7}}) {
    context("taken", taken);
    give(s, mine(7), area);
    L4_UnmapFpage(mine(taken));
    const Word left = 7 & ~taken;
    // Whatever is left of w and x can be read.
    expect_eq(s.rights(area), left == 0 ? 0 : left | 4);
    L4_UnmapFpage(mine(7));
  }
}

TEST("control: bits 0-5 are the number of flexpages less one, bit 6 is flush, the others are not looked at") {
  prepare();
  Subject s;
  for (unsigned i = 0; i < 4; ++i) give(s, mine(7, i), area + i * 4096);
  for (unsigned i = 0; i < 4; ++i) L4_LoadMR(static_cast<int>(i), mine(7, i).raw);
  L4_Unmap(1);  // two of them
  for (unsigned i = 0; i < 4; ++i) expect_eq(s.rights(area + i * 4096), i < 2 ? 0u : 7u);
  L4_UnmapFpage(Fpage::memory(page(0), 14, l4::full_access));
}
