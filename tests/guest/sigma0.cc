// SPDX-License-Identifier: MIT
// The sigma0 protocol (manual, chapter 7.6): what sigma0 gives, and to whom.
#include "messages.h"

using namespace guest;

namespace {

using l4::Fpage;
using l4::ThreadId;

ThreadId sigma0() { return runtime::sigma0(); }

// A window of the test's own for each request.
Word next_window = 0x50'0000'0000;
Fpage new_window(unsigned order) {
  const Word size = Word{1} << order;
  next_window = (next_window + size - 1) & ~(size - 1);
  const Word at = next_window;
  next_window += size;
  return Fpage::memory(at, order);
}

Fpage request(Fpage wanted, Word attribute, Fpage window) {
  return L4_Sigma0_Request(sigma0(), wanted, attribute, window);
}
Fpage any(unsigned order) { return Fpage(~Word{0x3ff} | Word{order} << 4); }

// The first page of a kind of memory, and nobody's wish so far.
Word page_of_kind(Word type) {
  for (Word i = 0; i < L4_NumMemoryDescriptors(nullptr); ++i) {
    const L4_MemoryDesc_t* const m = L4_MemoryDesc(nullptr, i);
    if (!L4_IsMemoryDescVirtual(m) && L4_MemoryDescType(m) == type)
      return (L4_MemoryDescLow(m) + 0xfff) & ~Word{0xfff};
  }
  return 0;
}

constexpr Word video = 0xb8000;

}  // namespace

TEST("any page: cleared, of the size that was wanted, a new one each time") {
  Word given[20];
  for (unsigned i = 0; i < 20; ++i) {
    context("round", i);
    const unsigned order = 12 + i % 6;
    const Fpage window = new_window(order);
    const Fpage f = request(any(order), 0, window);
    if (!expect(!f.is_nil())) return;
    expect_eq(f.order(), order);
    expect_eq(f.rights().raw, 7u);
    given[i] = f.base();
    for (unsigned j = 0; j < i; ++j)
      expect(given[j] + (Word{1} << (12 + j % 6)) <= f.base() || f.base() + (Word{1} << order) <= given[j]);
    Word sum = 0;
    for (Word at = 0; at < Word{1} << order; at += 8) sum |= object_at<volatile Word>(window.base() + at);
    expect_eq(sum, 0u, "not cleared");
    for (Word at = 0; at < Word{1} << order; at += 4096)
      object_at<volatile Word>(window.base() + at) = ~Word{0};
  }
}

TEST("a page by its address: given, given again to its owner, in any window") {
  const Fpage first_window = new_window(12), second_window = new_window(12);
  const Fpage some = request(any(12), 0, first_window);
  require(!some.is_nil());
  object_at<volatile Word>(first_window.base()) = 0x5151;
  const Fpage again = request(some, 0, second_window);
  expect_eq(again.raw & ~Word{0xf}, some.raw & ~Word{0xf});
  expect_eq(object_at<volatile Word>(second_window.base()), 0x5151u, "its content");
}

TEST("no page has two owners: another thread is refused, of the same space or another") {
  static Fpage wanted, window;
  static volatile Word answers;
  window = new_window(14);
  wanted = request(any(14), 0, window);
  require(!wanted.is_nil());
  answers = 0;
  const Body body = [](Word) {
    const Word part = wanted.base() + 0x1000;
    if (request(wanted, 0, Fpage::memory(0x60'0000'0000, 14)).is_nil()) answers = answers + 1;
    if (request(Fpage::page(part), 0, Fpage::memory(0x60'0000'0000, 12)).is_nil()) answers = answers + 1;
    if (request(Fpage::memory(part & ~Word{0xffff}, 16), 0, Fpage::memory(0x60'0000'0000, 16)).is_nil())
      answers = answers + 1;
  };
  const ThreadId task = spawn_task(body), thread = spawn(body);
  expect(finishes(task) && finishes(thread));
  expect_eq(answers, 6u);
  expect(!request(Fpage::page(wanted.base() + 0x2000), 0, new_window(12)).is_nil(), "its owner has it");
}

TEST("nobody but the root task's first thread excludes threads") {
  expect_eq(L4_Sigma0_Exclude(sigma0(), 0), 0u);
  expect(!request(any(12), 0, new_window(12)).is_nil(), "nothing has changed");
}

TEST("pages to two threads in turn are different") {
  static constexpr unsigned rounds = 30;
  static Word bases[2][rounds];
  const Body body = [](Word who) {
    for (unsigned i = 0; i < rounds; ++i) {
      bases[who][i] =
          request(any(12), 0, Fpage::memory(0x61'0000'0000 + (who * rounds + i) * 4096, 12)).base();
      L4_Yield();
    }
  };
  const ThreadId a = spawn_task(body, 0), b = spawn_task(body, 1);
  expect(finishes(a) && finishes(b));
  for (unsigned i = 0; i < rounds; ++i) {
    expect(bases[0][i] != 0 && bases[1][i] != 0);
    for (unsigned j = 0; j < rounds; ++j) expect(bases[0][i] != bases[1][j]);
  }
}

TEST("the kernel's memory, interrupt controllers, sigma0 itself and what is no memory: refused") {
  const L4_KernelInterfacePage_t* const kip = l4_kip(nullptr);
  const struct {
    const char* what;
    Fpage page;
  } refused[] = {
      {"reserved memory", Fpage::page(page_of_kind(L4_ReservedMemoryType))},
      {"sigma0", Fpage::page(kip->Sigma0.low)},
      {"local APIC", Fpage::page(0xfee0'0000)},
      {"I/O APIC", Fpage::page(0xfec0'0000)},
      {"HPET", Fpage::page(0xfed0'0000)},
      {"all of the lower half", Fpage::memory(0, 46)},
      {"beyond the lower half", Fpage(0xffff'8000'0000'0000 | 12 << 4)},
      {"half a page", Fpage(0x12'3400 | 10 << 4)},
      {"size 63", Fpage(63 << 4)},
      {"any page of 2^47", any(47)},
      {"any half a page", any(11)},
      {"nothing", Fpage::nil()},
  };
  for (const auto& r : refused) {
    context(r.what);
    expect(request(r.page, 0, new_window(12)).is_nil());
  }
}

TEST("attributes: an unknown one is refused, and the page stays free") {
  const Fpage some = request(any(12), 0, new_window(12));
  require(!some.is_nil());
  for (const Word attribute : {Word{3}, Word{7}, Word{99}, ~Word{0}}) {
    context("attribute", attribute);
    expect(request(some, attribute, new_window(12)).is_nil());
  }
}

TEST("device memory: by an explicit request, not by a page fault") {
  static ThreadId me;
  me = ThreadId::self();
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(runtime::sigma0());
    (void)*reinterpret_cast<volatile Word*>(video);
  });
  sleep_us(5000);
  expect_eq(state_of(id), Word{L4_SCHEDRESULT_WAITING});
  expect(!finished(id));
  end_thread(id);
  const Fpage window = new_window(15);
  expect(!request(Fpage::memory(video, 15), 0, window).is_nil());
  const Word before = object_at<volatile Word>(window.base());
  object_at<volatile Word>(window.base()) = 0x0741'0741'0741'0741;
  expect_eq(object_at<volatile Word>(window.base()), 0x0741'0741'0741'0741u);
  object_at<volatile Word>(window.base()) = before;
}

TEST("a thread paged by sigma0 gets conventional memory one to one, cleared") {
  // Below a large block that sigma0 has just given, the upper part of a free one, there is more.
  const Fpage some = request(any(22), 0, new_window(22));
  require(!some.is_nil());
  static Word at;
  static volatile Word found;
  at = some.base();
  bool served = false;
  for (int tries = 0; tries < 100 && !served; ++tries) {
    at -= 0x10000;
    found = 1;
    const ThreadId id = spawn_task([](Word) {
      touch_program();
      L4_Set_Pager(runtime::sigma0());
      found = *reinterpret_cast<volatile Word*>(at);
      *reinterpret_cast<volatile Word*>(at) = 5;
    });
    sleep_us(5000);
    served = finished(id);
    if (!served) end_thread(id);
  }
  require(served, "no page");
  expect_eq(found, 0u);
  expect(request(Fpage::page(at), 0, new_window(12)).is_nil(), "it has an owner");
}

TEST("messages that are no request get no answer") {
  struct Case {
    const char* what;
    long label;
    unsigned words;
  };
  const Case cases[] = {{"label 0", 0, 2},
                        {"request of no word", L4_Sigma0RequestLabel, 0},
                        {"request of one word", L4_Sigma0RequestLabel, 1},
                        {"page fault of one word", L4_PageFaultLabel, 1},
                        {"an exception", L4_ExceptionLabel, 20},
                        {"a fault at address 0", L4_PageFaultLabel | 4, 2}};
  for (const Case& c : cases) {
    context(c.what);
    l4::Words m(l4::Tag::make(c.label, c.words), 0, 0);
    l4::ipc_words(sigma0(), sigma0(), {timeouts(10'000, 3000)}, m);
    expect_failed(m.tag(), receive_timeout);
  }
  context("");
  expect(!request(any(12), 0, new_window(12)).is_nil(), "sigma0 goes on");
}

TEST("the low bits of the label do not matter; a reply without somebody who waits is lost, not waited for") {
  L4_Accept(L4_Acceptor_t{.raw = new_window(12).raw});
  l4::Words m(l4::Tag::make(L4_Sigma0RequestLabel | 5, 2), any(12).raw, 0);
  l4::ipc_words(sigma0(), sigma0(), {timeouts(10'000, 100'000)}, m);
  expect_eq(m[0], l4::Tag::make(0, 0, 2).raw);
  for (int i = 0; i < 5; ++i) {
    m = l4::Words(l4::Tag::make(L4_Sigma0RequestLabel, 2), any(12).raw, 0);
    expect_ok(l4::send_words(sigma0(), m, {timeouts(10'000, 0)}));
  }
  expect(!request(any(12), 0, new_window(12)).is_nil());
}

TEST("ports: to the first who asks, once more to him, to nobody else") {
  static volatile Word refused;
  refused = 0;
  expect(!request(Fpage::io(0x80, 0), 0, Fpage::io(0x80, 0)).is_nil());
  expect(!request(Fpage::io(0x80, 0), 0, Fpage::io(0x80, 0)).is_nil());
  const ThreadId id = spawn_task([](Word) {
    if (request(Fpage::io(0x80, 0), 0, Fpage::io(0x80, 0)).is_nil()) refused = refused + 1;
    if (request(Fpage::io(0, 16), 0, Fpage::io(0, 16)).is_nil()) refused = refused + 1;
    if (request(Fpage::io(0x3f8, 3), 0, Fpage::io(0x3f8, 3)).is_nil()) refused = refused + 1;
  });
  expect(finishes(id));
  expect_eq(refused, 3u);
}

TEST("a thread paged by sigma0 gets a free port by an I/O fault, and an owned one not") {
  static volatile Word reads;
  reads = 0;
  const Body body = [](Word) {
    touch_program();
    L4_Set_Pager(runtime::sigma0());
    asm volatile("inb $0x81, %%al" : : : "rax");
    reads = reads + 1;
  };
  const ThreadId first = spawn_task(body);
  expect(finishes(first));
  const ThreadId second = spawn_task(body);
  sleep_us(5000);
  expect_eq(reads, 1u);
  expect_eq(state_of(second), Word{L4_SCHEDRESULT_WAITING});
}

TEST("the pages where sigma0 has its own UTCB and KIP are not given out, RAM or not") {
  static Word given[2];
  const ThreadId id = spawn_task([](Word) {
    const Word places[] = {runtime::utcb_address, runtime::kip_address};
    for (int i = 0; i < 2; ++i) {
      L4_Accept(L4_Acceptor_t{.raw = l4::Fpage::page(0x7000'0000).raw & ~Word{0xf}});
      l4::Words m(l4::Tag::make(-6 * 16, 2), l4::Fpage::page(places[i]).raw, 0);
      const ThreadId sigma0 = ThreadId::global(48, 1);
      l4::ipc_words(sigma0, sigma0, {timeouts(1'000'000, 1'000'000)}, m);
      given[i] = m.tag().failed() ? ~Word{0} : m[2] >> 4;
    }
  });
  expect(finishes(id));
  for (const Word g : given) expect_eq(g, 0u);
}

TEST("the runtime's claims leave the acceptor as it was, given or refused") {
  constexpr Word monochrome = 0xb0000;  // no other test asks for it
  for (const L4_Acceptor_t acceptor :
       {L4_UntypedWordsAcceptor, L4_StringItemsAcceptor, L4_MapGrantItems(new_window(12))}) {
    context("acceptor", acceptor.raw);
    L4_Accept(acceptor);
    expect(runtime::allocate_memory(12) != 0);
    expect_eq(L4_Accepted().raw, acceptor.raw, "memory");
    expect(runtime::claim_memory(monochrome, monochrome + 0x1000));
    expect_eq(L4_Accepted().raw, acceptor.raw, "a page");
    expect(!runtime::claim_memory(0xfee0'0000, 0xfee0'1000));
    expect_eq(L4_Accepted().raw, acceptor.raw, "a page refused");
    expect(runtime::claim_ports(0x90, 4));
    expect_eq(L4_Accepted().raw, acceptor.raw, "ports");
  }
  L4_Accept(L4_UntypedWordsAcceptor);
}
