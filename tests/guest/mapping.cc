// SPDX-License-Identifier: MIT
// Map, grant and Unmap (manual, chapters 4.2, 5.2 and 5.3): rights, windows,
// revocation. The test gives pages of its own to subjects, and those to each other.
#include "subject.h"

using namespace guest;

namespace {

using l4::Fpage;

constexpr unsigned page_count = 64;
alignas(page_count * 4096) std::byte memory[page_count * 4096];
Word page(unsigned i) { return reinterpret_cast<Word>(memory) + i * 4096; }
Fpage whole(Word rights = 7) { return Fpage::memory(page(0), 18, l4::Rights{rights}); }
Fpage single(unsigned i, Word rights = 7) { return Fpage::page(page(i), l4::Rights{rights}); }

// Every page can be executed and told from the others.
void fill_memory() {
  for (unsigned i = 0; i < page_count; ++i) {
    object_at<Word>(page(i)) = executable_code;
    object_at<Word>(page(i) + 8) = i;
  }
}

// Maps, or grants, to a subject; the result is the error code.
Word give(Subject& to, Fpage f, Word base, Fpage window, bool grant = false) {
  to.accept(window);
  l4::Words m(l4::Tag::make(2, 0, 2), (base & ~Word{0x3ff}) | (grant ? 0xau : 8u), f.raw);
  l4::send_words(to.id(), m);
  const Word error = m.tag().failed() ? L4_ErrorCode() : 0;
  to.end();
  return error;
}

constexpr Word area = 0x20'0000'0000;  // where subjects have nothing
Fpage window_at(Word address, unsigned order = 12) { return Fpage::memory(address, order); }
void take_back(Fpage f = whole()) { L4_UnmapFpage(f); }

}  // namespace

TEST("rights: of each page exactly those that were sent; write and execute bring read") {
  fill_memory();
  Subject s;
  for (Word rights = 0; rights < 8; ++rights) {
    context("rights", rights);
    expect_eq(give(s, single(1, rights), 0, window_at(area)), 0u);
    expect_eq(s.rights(area), rights == 0 ? 0 : rights | 4);
    take_back();
    expect_eq(s.rights(area), 0u);
  }
}

TEST("rights: source and flexpage, through two spaces") {
  fill_memory();
  Subject a, b;
  for (Word first = 4; first < 8; ++first) {
    for (Word second = 4; second < 8; ++second) {
      context("rights", first * 16 + second);
      give(a, single(1, first), 0, window_at(area));
      expect_eq(a.give(b, Fpage::page(area, l4::Rights{second}), 0, window_at(area)), 0u);
      expect_eq(b.rights(area), first & second);
      take_back();
    }
  }
}

TEST("mapping again widens the rights, and never takes any") {
  fill_memory();
  Subject s;
  give(s, single(1, 4), 0, window_at(area));
  expect_eq(s.rights(area), 4u);
  give(s, single(1, 6), 0, window_at(area));
  expect_eq(s.rights(area), 6u);
  give(s, single(1, 5), 0, window_at(area));
  expect_eq(s.rights(area), 7u);
  give(s, single(1, 4), 0, window_at(area));
  expect_eq(s.rights(area), 7u);
}

TEST("another page over a mapping replaces it, and what was derived from it") {
  fill_memory();
  Subject a, b;
  give(a, single(1), 0, window_at(area));
  a.give(b, Fpage::page(area, l4::full_access), 0, window_at(area));
  expect_eq(b.read(area + 8), 1u);
  give(a, single(2), 0, window_at(area));
  expect_eq(a.read(area + 8), 2u);
  expect_eq(b.rights(area), 0u);
}

TEST("windows: equal, smaller and larger than what is sent") {
  fill_memory();
  Subject s;
  struct Case {
    const char* what;
    Fpage sent;
    Word base;
    Fpage window;
    Word first_address;
    unsigned first_page, pages;
  };
  const Word at = area;
  const Case cases[] = {
      {"equal", Fpage::memory(page(8), 15, l4::full_access), 0, window_at(at, 15), at, 8, 8},
      {"equal, any base", Fpage::memory(page(8), 15, l4::full_access), 0x3000, window_at(at, 15), at, 8, 8},
      {"smaller window, base 0", whole(), 0, window_at(at, 14), at, 0, 4},
      {"smaller window, base in the middle", whole(), 0x14000, window_at(at, 14), at, 20, 4},
      {"smaller window, base not aligned", whole(), 0x15c00, window_at(at, 14), at, 20, 4},
      {"smaller window, base beyond", whole(), 0x40000 + 0x8000, window_at(at, 14), at, 8, 4},
      {"larger window", Fpage::memory(page(16), 14, l4::full_access), 0x8000, window_at(at, 18), at + 0x8000,
       16, 4},
      {"larger window, base not aligned", Fpage::memory(page(16), 14, l4::full_access), 0xbc00,
       window_at(at, 18), at + 0x8000, 16, 4},
      {"larger window, base beyond", Fpage::memory(page(16), 14, l4::full_access), 0x1'0004'0000,
       window_at(at, 18), at, 16, 4},
      {"complete window", Fpage::memory(page(4), 13, l4::full_access), at + 0x6000, Fpage::complete(),
       at + 0x6000, 4, 2},
  };
  for (const Case& c : cases) {
    context(c.what);
    expect_eq(give(s, c.sent, c.base, c.window), 0u);
    for (unsigned i = 0; i < 64; ++i) {
      const Word address = at + i * 4096;
      const bool there = address >= c.first_address && address < c.first_address + c.pages * 4096;
      if (!expect_eq(s.can_read(address), there, "page of the window")) break;
      if (there && !expect_eq(s.read(address + 8), c.first_page + (address - c.first_address) / 4096)) break;
    }
    take_back();
  }
}

TEST("several items in one message, after words") {
  fill_memory();
  Subject s;
  s.accept(window_at(area, 18));
  l4::Message m(5);
  m.word(1).word(2);
  for (unsigned i = 0; i < 20; ++i) m.map(single(i), i * 2 * 4096);
  m.load();
  expect_ok({L4_Send(s.id()).raw});
  s.end();
  for (unsigned i = 0; i < 40; ++i) {
    context("page", i);
    expect_eq(s.can_read(area + i * 4096), i % 2 == 0);
    if (i % 2 == 0) expect_eq(s.read(area + i * 4096 + 8), i / 2);
  }
  take_back();
}

TEST("items arrive in the message registers as they were sent, BR0 stays") {
  fill_memory();
  static Word words[64], acceptor;
  static l4::ThreadId me;
  me = l4::ThreadId::self();
  const l4::ThreadId id = spawn_task([](Word) {
    L4_Accept(L4_Acceptor_t{.raw = Fpage::memory(area, 18).raw});
    L4_Receive(me);
    L4_StoreMRs(0, 64, words);
    acceptor = *l4_tcr(L4_TCR_BR0);
  });
  l4::Message m(7);
  m.word(0xaa).word(0xbb).map(single(3, 5), 0x3400).grant(Fpage::nil(), 0x5000).map(Fpage::nil(), 0);
  m.load();
  expect_ok({L4_Send(id).raw});
  expect(finishes(id));
  for (unsigned i = 0; i < 9; ++i) {
    context("word", i);
    expect_eq(words[i], m[i]);
  }
  expect_eq(acceptor, Fpage::memory(area, 18).raw);
}

TEST("grant: the receiver has the page, the giver has it no more, what it had mapped goes with it") {
  fill_memory();
  Subject a, b, c;
  give(a, single(1), 0, window_at(area));
  a.give(c, Fpage::page(area, l4::full_access), 0, window_at(area));
  expect_eq(a.give(b, Fpage::page(area, l4::full_access), 0, window_at(area + 0x5000), true), 0u);
  expect_eq(a.rights(area), 0u);
  expect_eq(b.rights(area + 0x5000), 7u);
  expect_eq(b.read(area + 0x5008), 1u);
  take_back();
  expect_eq(b.rights(area + 0x5000), 0u);
  expect_eq(c.rights(area), 0u);
}

TEST("grant with fewer rights, and of what one has not") {
  fill_memory();
  Subject a, b;
  give(a, single(1, 6), 0, window_at(area));
  a.give(b, Fpage::page(area, l4::Rights{5}), 0, window_at(area), true);
  expect_eq(b.rights(area), 4u);
  expect_eq(a.rights(area), 0u);
  expect_eq(a.give(b, Fpage::page(area, l4::full_access), 0, window_at(area + 0x1000), true), 0u);
  expect_eq(b.rights(area + 0x1000), 0u);
  take_back();
}

TEST("flexpages that name nothing: nothing is mapped, no error, nobody stops") {
  fill_memory();
  Subject s;
  const Fpage odd[] = {
      Fpage::nil(),
      Fpage(page(1) | 11 << 4 | 7),
      Fpage(page(1) | 3 << 4 | 7),
      Fpage(0xffff'8000'0000'0000 | 12 << 4 | 7),
      Fpage(0xffff'ffff'8000'0000 | 21 << 4 | 7),
      Fpage(0x0000'8000'0000'0000 | 12 << 4 | 7),
      Fpage(63 << 4 | 7),
      Fpage(48 << 4 | 7),
      Fpage(0x7fff'ffff'f000 | 12 << 4 | 7),
      Fpage(runtime::kip_address | 12 << 4 | 7),
      Fpage(0x7000'0000'0000 | 40 << 4 | 7),
      Fpage::io(0x5000, 4),
      Fpage::io(0xffff, 0),
      Fpage(0x10'0000'0000'0000 | 2 << 4 | 7),
      Fpage(63 << 10 | 2 << 4 | 7),
  };
  for (const Fpage f : odd) {
    context("flexpage", f.raw);
    expect_eq(give(s, f, 0, window_at(area, 13)), 0u);
    expect_eq(give(s, f, ~Word{0}, Fpage::complete()), 0u);
    expect_eq(s.rights(area), 0u);
    expect(!s.can_read(0x7fff'ffff'e000));
    L4_UnmapFpage(f);
    L4_Flush(Fpage(f.raw & ~Word{7}));
  }
  const Fpage windows[] = {Fpage(0xffff'8000'0000'0000 | 12 << 4),
                           Fpage(0x0000'8000'0000'0000 | 12 << 4),
                           Fpage(11 << 4),
                           Fpage(63 << 4),
                           Fpage(0x7fff'ffff'f000 | 12 << 4),
                           Fpage::io(0, 16)};
  for (const Fpage w : windows) {
    context("window", w.raw);
    expect_eq(give(s, single(1), 0, w), 0u);
  }
}

TEST("a tree of mappings: unmap takes what is derived, flush one's own too") {
  fill_memory();
  //  test -> a -> b -> c
  //            -> d
  Subject a, b, c, d;
  const auto build = [&] {
    give(a, single(1), 0, window_at(area));
    a.give(b, Fpage::page(area, l4::full_access), 0, window_at(area));
    b.give(c, Fpage::page(area, l4::full_access), 0, window_at(area));
    a.give(d, Fpage::page(area, l4::full_access), 0, window_at(area));
  };
  const auto expect_rights = [&](Word ra, Word rb, Word rc, Word rd, Location at = Location::current()) {
    expect_eq(a.rights(area), ra, "a", at);
    expect_eq(b.rights(area), rb, "b", at);
    expect_eq(c.rights(area), rc, "c", at);
    expect_eq(d.rights(area), rd, "d", at);
  };
  const Fpage mine = Fpage::page(area, l4::full_access);
  build();
  expect_rights(7, 7, 7, 7);
  b.unmap(mine, false);
  expect_rights(7, 7, 0, 7);
  build();
  b.unmap(mine, true);
  expect_rights(7, 0, 0, 7);
  build();
  d.unmap(mine, true);
  expect_rights(7, 7, 7, 0);
  build();
  a.unmap(Fpage::page(area, l4::write), false);
  expect_rights(7, 5, 5, 5);
  build();
  b.unmap(Fpage::page(area, l4::Rights{3}), true);
  expect_rights(7, 4, 4, 7);
  build();
  c.unmap(mine, false);
  expect_rights(7, 7, 7, 7);
  take_back();
  expect_rights(0, 0, 0, 0);
  expect_eq(object_at<Word>(page(1) + 8), 1u);
  build();
  L4_UnmapFpage(whole(2));
  expect_rights(5, 5, 5, 5);
}

TEST("deletion of a space takes what it has mapped on") {
  fill_memory();
  Subject b;
  {
    Subject a;
    give(a, Fpage::memory(page(0), 14, l4::full_access), 0, window_at(area, 14));
    a.give(b, Fpage::memory(area, 14, l4::full_access), 0, window_at(area, 14));
    expect_eq(b.rights(area + 0x3000), 7u);
    end_thread(a.id());
  }
  for (unsigned i = 0; i < 4; ++i) expect_eq(b.rights(area + i * 4096), 0u);
}

TEST("status: referenced and written since the last look, derived mappings included") {
  fill_memory();
  Subject a, b;
  give(a, single(1), 0, window_at(area));
  a.give(b, Fpage::page(area, l4::full_access), 0, window_at(area));
  const Fpage query = single(1, 0);
  L4_UnmapFpage(query);
  const auto status = [&] { return L4_Rights(L4_UnmapFpage(query)); };
  status();
  expect_eq(status(), 0u, "nothing since");
  a.can_read(area);
  expect_eq(status(), 5u, "read by a");
  expect_eq(status(), 0u, "reset");
  b.can_write(area);
  expect_eq(status(), 7u, "written by b");
  expect_eq(status(), 0u, "reset");
  b.can_read(area);
  b.unmap(Fpage::page(area, l4::full_access), true);
  expect_eq(status(), 5u, "read by b before it went");
  a.can_write(area);
  expect_eq(a.unmap(Fpage::page(area, l4::no_access), true).raw & 7, 7u, "own, by flush");
  expect_eq(give(a, single(2), 0, window_at(area + 0x1000)), 0u);
  L4_UnmapFpage(single(3, 0));
  object_at<Word>(page(3) + 8) = 3;
  expect_eq(L4_UnmapFpage(single(3, 0)).raw, single(3, 0).raw, "never touched by others");
  take_back();
}

TEST("Unmap of 64 flexpages at once, all message registers come back") {
  fill_memory();
  Subject s;
  give(s, whole(), 0, window_at(area, 18));
  L4_Fpage_t f[64];
  for (unsigned i = 0; i < 64; ++i) f[i] = single(i, i % 2 == 0 ? 7 : 0);
  s.can_write(area + 5 * 4096);
  L4_UnmapFpages(64, f);
  for (unsigned i = 0; i < 64; ++i) {
    context("page", i);
    expect_eq(f[i].raw & ~Word{7}, single(i, 0).raw);
    if (i != 5 && i > 8) expect_eq(f[i].raw & 2, 0u);
    expect_eq(s.can_read(area + i * 4096), i % 2 != 0);
  }
  expect_eq(f[5].raw & 2, 2u);
  take_back();
}

TEST("1024 pages mapped and revoked in one operation, and by the complete space") {
  static constexpr unsigned order = 22;
  const Word big = runtime::allocate_memory(order);
  require(big != 0);
  Subject a, b;
  for (int round = 0; round < 2; ++round) {
    for (Word i = 0; i < 1024; ++i) object_at<Word>(big + i * 4096) = i;
    expect_eq(give(a, Fpage::memory(big, order, l4::read_write), 0, window_at(area, order)), 0u);
    expect_eq(a.give(b, Fpage::memory(area, order, l4::read_write), 0, window_at(area, order)), 0u);
    for (const Word i : {0u, 1u, 511u, 512u, 1023u}) expect_eq(b.read(area + i * 4096), i);
    round == 0 ? take_back(Fpage::memory(big, order, l4::full_access))
               : take_back(Fpage::complete().with(l4::full_access));
    for (const Word i : {0u, 1u, 511u, 512u, 1023u}) {
      if (round == 1) break;
      expect(!b.can_read(area + i * 4096) && !a.can_read(area + i * 4096));
    }
  }
}

// A queued message lies in the sender's UTCB, where its neighbours can change it.
TEST("items that are changed while the message waits: error 4 for both, nothing beyond MR63 is looked at") {
  alignas(4096) static std::byte object[4096];
  object[0] = std::byte{1};
  static l4::ThreadId receiver;
  static Word sender_error, own_utcb;
  sender_error = 0;
  Subject subject;
  receiver = subject.id();
  make_thread();  // the sender's UTCB is not the last one of its page
  const l4::ThreadId sender = spawn([](Word) {
    touch_program();
    own_utcb = reinterpret_cast<Word>(l4_utcb());
    Frame f;
    for (int i = 8; i < 61; ++i) L4_LoadMR(i, 0);
    L4_LoadMR(61, 0x10);  // a string with two pointers: one item of three words
    const l4::Tag tag = ipc(f, receiver, l4::ThreadId::nil(), never, l4::Tag::make(0, 60, 3));
    sender_error = tag.failed() ? L4_ErrorCode() : 1;
  });
  require(becomes(sender, L4_SCHEDRESULT_PENDING_SEND), "the message waits");
  constexpr Word target = 0x7000'0000;
  Word* const mr = reinterpret_cast<Word*>(own_utcb);
  mr[61] = target | 8;
  mr[62] = 0;
  mr[63] = target | 8;
  mr[64] = l4::Fpage::page(address_of(object), l4::full_access).raw;  // the next thread's UTCB
  static Word received;
  subject.run([](Word) {
    L4_Accept(L4_Acceptor_t{.raw = 0x10});
    const Received r = receive(l4::ThreadId::any(), timeouts(0, 1'000'000));
    received = r.tag.failed() ? L4_ErrorCode() : 1;
  });
  mr[64] = 0;
  expect(finishes(sender));
  expect_eq(sender_error & 0xf, send_overflow);
  expect_eq(received & 0xf, receive_overflow);
  expect(!subject.can_read(target), "a page was mapped by a word behind the message registers");
}
