// SPDX-License-Identifier: MIT
// SpaceControl, and the pages that are the kernel's in every space (manual, chapter 4.3).
#include "messages.h"

using namespace guest;

namespace {

using l4::Fpage;
using l4::ThreadId;

constexpr Word ok = 0, no_privilege = 1, invalid_thread = 2, invalid_space = 3, utcb_error = 6, kip_error = 7;
const ThreadId nil = ThreadId::nil(), any = ThreadId::any();

ThreadId self() { return ThreadId::self(); }

// A space without areas; its thread is inactive.
ThreadId empty_space() {
  Slot& slot = take_slot();
  slot.utcb = 0;
  require(thread_control(slot.id, slot.id, self(), nil) == 0, "empty_space");
  return slot.id;
}
Word activate(ThreadId id, Word utcb) { return thread_control(id, id, self(), runner, utcb); }

alignas(4096) std::byte spare_pages[8 * 4096];
Word spare_page(unsigned i) { return reinterpret_cast<Word>(spare_pages) + i * 4096; }

// Maps one of the test's pages to a thread that waits for it; the result is the tag.
l4::Tag map_to(ThreadId to, Fpage page, Word base) {
  const L4_MapItem_t item = L4_MapItem(page, base);
  l4::Words m(l4::Tag::make(1, 0, 2), item.raw[0], item.raw[1]);
  l4::send_words(to, m, {timeouts(100'000, 0)});
  return m.tag();
}
void accept_everything() { L4_Accept(L4_Acceptor_t{.raw = 0x10}); }

}  // namespace

TEST("without privilege: error 1") {
  static ThreadId space;
  space = empty_space();
  const ThreadId task = spawn_task([](Word) {
    expect_eq(space_control(space, kip_area, utcb_area, any), no_privilege);
    expect_eq(space_control(ThreadId::self(), kip_area, utcb_area, any), no_privilege);
    expect_eq(space_control(nil, Fpage::nil(), Fpage::nil(), nil), no_privilege);
  });
  expect(finishes(task));
  expect_eq(activate(space, utcb_at(0)), invalid_space);
}

TEST("no such space: error 3") {
  for (const ThreadId id : {nil, any, ThreadId::any_local(), ThreadId::global(0x3fff0, 1),
                            ThreadId(self().raw + 2), ThreadId::global(4, 1), ThreadId(0xbf03'fe00)}) {
    context("id", id.raw);
    expect_eq(space_control(id, kip_area, utcb_area, any), invalid_space);
  }
}

TEST("bad areas: error 6 for UTCBs, 7 for the KIP, and the space stays without areas") {
  const ThreadId space = empty_space();
  struct Case {
    const char* what;
    Fpage kip, utcb;
    Word error;
  };
  const Case cases[] = {
      {"UTCB area nil", kip_area, Fpage::nil(), utcb_error},
      {"UTCB area of 2 KiB", kip_area, Fpage::memory(0x10000, 11), utcb_error},
      {"UTCB area complete", kip_area, Fpage::complete(), utcb_error},
      {"UTCB area of ports", kip_area, Fpage::io(0, 12), utcb_error},
      {"UTCB area in the kernel's half", kip_area, Fpage(0xffff'8000'0000'0000 | 12 << 4), utcb_error},
      {"UTCB area not canonical", kip_area, Fpage(0x0000'8000'0000'0000 | 12 << 4), utcb_error},
      {"UTCB area in the last page of the lower half", kip_area, Fpage(0x7fff'ffff'f000 | 12 << 4),
       utcb_error},
      {"UTCB area reaching into it", kip_area, Fpage(0x7fff'ffff'0000 | 16 << 4), utcb_error},
      {"UTCB area larger than the lower half", kip_area, Fpage(48 << 4), utcb_error},
      {"UTCB area of 2^63 bytes", kip_area, Fpage(63 << 4), utcb_error},
      {"KIP area nil", Fpage::nil(), utcb_area, kip_error},
      {"KIP area of 1 KiB", Fpage::memory(0x10000, 10), utcb_area, kip_error},
      {"KIP area complete", Fpage::complete(), utcb_area, kip_error},
      {"KIP area of ports", Fpage::io(0, 12), utcb_area, kip_error},
      {"KIP area in the kernel's half", Fpage(0xffff'ffff'c000'0000 | 12 << 4), utcb_area, kip_error},
      {"KIP area not canonical", Fpage(0x1234'8000'0000'0000 | 12 << 4), utcb_area, kip_error},
      {"KIP area in the last page of the lower half", Fpage(0x7fff'ffff'f000 | 12 << 4), utcb_area,
       kip_error},
      {"KIP area inside the UTCB area", Fpage::page(runtime::utcb_address + 4096), utcb_area, kip_error},
      {"UTCB area inside the KIP area", Fpage::memory(0x1000'0000, 16), Fpage::memory(0x1000'1000, 12),
       kip_error},
      {"both bad", Fpage::nil(), Fpage::nil(), utcb_error},
  };
  for (const Case& c : cases) {
    context(c.what);
    expect_eq(space_control(space, c.kip, c.utcb, any), c.error);
    expect_eq(activate(space, utcb_at(0)), invalid_space);
  }
  context("");
  expect_eq(space_control(space, kip_area, utcb_area, any), ok);
  expect_eq(activate(space, utcb_at(0)), ok);
}

TEST("a dead redirector: error 2, and the areas are not set") {
  const ThreadId space = empty_space();
  expect_eq(space_control(space, kip_area, utcb_area, ThreadId::global(0x3fff0, 1)), invalid_thread);
  expect_eq(activate(space, utcb_at(0)), invalid_space);
  expect_eq(space_control(space, kip_area, utcb_area, any), ok);
}

TEST("the smallest and a large area, rights ignored, anywhere in the lower half") {
  struct Case {
    Word kip;
    unsigned kip_order;
    Word utcb;
    unsigned utcb_order;
    Word location;
  };
  const Case cases[] = {
      {0x1000, 12, 0x2000, 12, 0x2000 + 3 * 1024},
      {0x7fff'ffff'e000, 12, 0x7fff'ffff'd000, 12, 0x7fff'ffff'd000},
      {0x4000'0000, 16, 0x20'0000'0000, 34, 0x20'0000'0000 + 600 * 1024},
  };
  for (const Case& c : cases) {
    static volatile Word local, kip;
    const ThreadId id = empty_space();
    expect_eq(space_control(id, Fpage::memory(c.kip, c.kip_order, l4::full_access),
                            Fpage::memory(c.utcb, c.utcb_order, l4::execute), any),
              ok);
    require(activate(id, c.location) == 0);
    local = 0;
    kip = 0;
    start(
        id,
        [](Word) {
          kip = reinterpret_cast<Word>(L4_GetKernelInterface());
          local = L4_MyLocalId().raw;
          L4_LoadMR(63, 5);
        },
        0, runner);
    expect(finishes(id));
    expect_eq(local, c.location + 0x200);
    expect_eq(kip, c.kip);
    end_thread(id);
  }
}

TEST("areas can be moved while no thread is active, and not afterwards") {
  const ThreadId id = empty_space();
  const Word first_kip = 0x5000'0000, first_utcb = 0x6000'0000;
  expect_eq(space_control(id, Fpage::page(first_kip), Fpage::memory(first_utcb, 14), any), ok);
  expect_eq(space_control(id, kip_area, utcb_area, any), ok);
  expect_eq(activate(id, first_utcb), utcb_error);
  expect_eq(activate(id, utcb_at(0)), ok);
  space_control(id, Fpage::page(first_kip), Fpage::memory(first_utcb, 14), any);
  static volatile Word kip;
  kip = 0;
  start(
      id, [](Word) { kip = reinterpret_cast<Word>(L4_GetKernelInterface()); }, 0, runner);
  expect(finishes(id));
  expect_eq(kip, runtime::kip_address);
}

TEST("the old control word is 0, no kernel value is visible") {
  const ThreadId id = empty_space();
  Frame f = marked_frame();
  f.rdi = id.raw;
  f.rsi = 0;
  f.rdx = kip_area.raw;
  f.r8 = utcb_area.raw;
  f.r9 = any.raw;
  guest_call(f, l4_links.space_control);
  expect_eq(f.rax, 1u);
  expect_eq(f.rdx, 0u);
  f.r9 = 0;
  expect_no_kernel_value(f, "SpaceControl");
}

TEST("KIP and UTCBs are not mapped over, by single pages and by the complete space") {
  static volatile Word magic, local, gs, marker;
  magic = 0;
  const ThreadId id = spawn_task([](Word) {
    accept_everything();
    L4_LoadMR(60, 0x6060);
    for (int i = 0; i < 3; ++i) {
      accept_everything();
      expect_ok(receive().tag);
    }
    magic = *reinterpret_cast<volatile Word*>(L4_GetKernelInterface());
    gs = reinterpret_cast<Word>(l4_utcb());
    local = L4_MyLocalId().raw;
    Word word;
    L4_StoreMR(60, &word);
    marker = word;
  });
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  expect_ok(map_to(id, Fpage::page(spare_page(0), l4::full_access), runtime::kip_address));
  expect_ok(map_to(id, Fpage::page(spare_page(1), l4::full_access), utcb_at(0)));
  expect_ok(map_to(id, Fpage::complete().with(l4::full_access), 0));
  expect(finishes(id));
  expect_eq(magic, 0x4be6344cu);
  expect_eq(gs, utcb_at(0) + 0x200);
  expect_eq(local, gs);
  expect_eq(marker, 0x6060u);
}

TEST("KIP and UTCBs cannot be unmapped, mapped out or granted") {
  static ThreadId taker;
  static volatile Word magic, marker;
  static bool accessible[2];
  taker = spawn_task([](Word) {
    for (int i = 0; i < 4; ++i) {
      L4_Accept(L4_Acceptor_t{.raw = Fpage::memory(0x9000'0000, 20).raw});
      receive();
    }
  });
  magic = 0;
  const ThreadId id = spawn_task([](Word) {
    L4_LoadMR(60, 0x6060);
    for (const Word page : {runtime::kip_address, utcb_at(0)}) {
      const Fpage f = Fpage::page(page, l4::full_access);
      L4_Flush(f);
      L4_UnmapFpage(f);
      const L4_MapItem_t map = L4_MapItem(f, 0);
      l4::Words m(l4::Tag::make(1, 0, 2), map.raw[0], map.raw[1]);
      expect_ok(l4::send_words(taker, m));
      const L4_GrantItem_t grant = L4_GrantItem(f, 0);
      m = l4::Words(l4::Tag::make(1, 0, 2), grant.raw[0], grant.raw[1]);
      expect_ok(l4::send_words(taker, m));
    }
    magic = *reinterpret_cast<volatile Word*>(L4_GetKernelInterface());
    Word word;
    L4_StoreMR(60, &word);
    marker = word;
  });
  expect(finishes(id));
  expect_eq(magic, 0x4be6344cu);
  expect_eq(marker, 0x6060u);
  require(finishes(taker));
  // The taker has got nothing: touching the window faults.
  for (const bool second : {false, true}) accessible[second] = false;
  start(
      taker,
      [](Word) {
        L4_Set_Pager(test_thread);
        accessible[0] = *reinterpret_cast<volatile Word*>(0x9000'0000) != 1;
        accessible[1] = true;
      },
      0, runner);
  l4::Words m;
  l4::ipc_words(nil, taker, {timeouts(0, 1'000'000)}, m);
  expect(l4::Tag{m[0]}.is(L4_PageFaultLabel) && l4::Tag{m[0]}.ok());
  expect(!accessible[1]);
}

TEST("the KIP is read-only, and neither it nor UTCBs can be executed") {
  static ThreadId me;
  me = self();
  const Body bodies[] = {
      [](Word) { *reinterpret_cast<volatile Word*>(runtime::kip_address) = 0; },
      [](Word) { reinterpret_cast<void (*)()>(runtime::kip_address)(); },
      [](Word) { reinterpret_cast<void (*)()>(utcb_at(0) + 0x200)(); },
  };
  const Word missing[] = {L4_Writable, L4_eXecutable, L4_eXecutable};
  for (unsigned i = 0; i < 3; ++i) {
    context("case", i);
    static Body body;
    body = bodies[i];
    const ThreadId id = spawn_task([](Word) {
      L4_Set_Pager(me);
      body(0);
    });
    l4::Words m;
    l4::ipc_words(nil, id, {timeouts(0, 1'000'000)}, m);
    expect_ok(m.tag());
    expect(m.tag().is(L4_PageFaultLabel));
    expect_eq(static_cast<Word>(m.tag().label()) & 7, missing[i]);
    end_thread(id);
  }
}

TEST("a page in the UTCB area that somebody has mapped there makes way for a UTCB, and is not lost") {
  // The first UTCB is in page 0 of the area; pages 1 to 3 hold the test's memory when
  // threads with UTCBs in page 1 and 4 become active, and when the space ends.
  for (unsigned i = 0; i < 4; ++i) object_at<Word>(spare_page(i)) = 0xfeed + i;
  for (int round = 0; round < 3; ++round) {
    const ThreadId id = spawn_task([](Word) {
      for (int i = 0; i < 3; ++i) {
        accept_everything();
        expect_ok(receive().tag);
      }
    });
    for (unsigned i = 1; i < 4; ++i)
      expect_ok(map_to(id, Fpage::page(spare_page(i), l4::full_access), utcb_at(4 * i)));
    require(finishes(id));
    static volatile Word local;
    for (const unsigned index : {4u, 16u}) {
      Slot& slot = take_slot();
      slot.utcb = index;
      local = 0;
      if (!expect_eq(thread_control(slot.id, id, self(), runner, utcb_at(index)), ok)) continue;
      start(
          slot.id, [](Word) { local = L4_MyLocalId().raw; }, 0, runner);
      expect(finishes(slot.id));
      expect_eq(local, utcb_at(index) + 0x200);
    }
    for (Slot& slot : slots) {
      if (!slot.id.is_nil() && slot.id != test_thread) end_thread(slot.id);
    }
    // New spaces take kernel memory, which must not be the test's pages.
    for (int i = 0; i < 8; ++i) make_task();
    for (unsigned i = 0; i < 4; ++i) {
      context("page", i);
      expect_eq(object_at<Word>(spare_page(i)), 0xfeed + i, "its content");
    }
    for (Slot& slot : slots) {
      if (!slot.id.is_nil() && slot.id != test_thread) end_thread(slot.id);
    }
  }
}

TEST("spaces come and go: 300 times, each with two threads and a mapping") {
  static volatile Word sum;
  sum = 0;
  for (int round = 0; round < 300; ++round) {
    const ThreadId first = make_task(), second = make_sibling(first);
    start(
        first, [](Word) { sum = sum + 1; }, 0, runner);
    start(
        second, [](Word) { sum = sum + 1; }, 0, runner);
    if (!expect(finishes(first) && finishes(second))) break;
    end_thread(second);
    end_thread(first);
  }
  expect_eq(sum, 600u);
}
