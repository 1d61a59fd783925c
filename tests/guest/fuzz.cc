// SPDX-License-Identifier: MIT
// Random system calls with random registers, by threads without privilege that the
// test unblocks and restarts. The kernel must survive, and a witness go on.
#include <runtime/random.h>

#include "frame.h"
#include "threads.h"

using namespace guest;

namespace {

using l4::ThreadId;
using runtime::Random;

constexpr unsigned attackers = 4;
ThreadId ids[attackers];
ThreadId witness;
volatile Word calls, witness_counter, witness_wrong;

alignas(4096) std::byte pages[16 * 4096];

Word some_id(Random& r) {
  switch (r.below(8)) {
    case 0: return utcb_at(static_cast<unsigned>(r.below(6))) + 0x200;
    case 1: return 0;
    case 2: return ~Word{0};
    case 3: return ~Word{0x3f};
    case 4: return r.next();
    case 5: return ThreadId::global(r.below(64), r.below(3)).raw;
    default: return ids[r.below(attackers)].raw;
  }
}
Word some_fpage(Random& r) {
  const Word base = r.below(3) == 0 ? r.next() : reinterpret_cast<Word>(pages) + r.below(16) * 4096;
  switch (r.below(6)) {
    case 0:
      return l4::Fpage::io(r.below(65536), static_cast<unsigned>(r.below(5)), l4::Rights{r.below(8)}).raw;
    case 1: return r.next();
    case 2: return 0x10 | r.below(8);
    default:
      return l4::Fpage::memory(base, static_cast<unsigned>(12 + r.below(5)), l4::Rights{r.below(8)}).raw;
  }
}
Word some_word(Random& r) {
  switch (r.below(8)) {
    case 0: return some_id(r);
    case 1: return some_fpage(r);
    case 2: return Word{1} << r.below(64);
    case 3: return r.below(512);
    case 4: return kernel_half + r.below(Word{1} << 40);
    case 5: return 0;
    case 6: return ~Word{0} - r.below(64);
    default: return r.next();
  }
}
// Most of the tags are of messages that could be.
Word some_tag(Random& r) {
  if (r.below(4) == 0) return r.next();
  const unsigned typed = r.below(3) == 0 ? static_cast<unsigned>(r.below(4) * 2) : 0;
  return l4::Tag::make(static_cast<long>(r.below(32)) - 16, static_cast<unsigned>(r.below(20)), typed).raw |
         r.below(4) << 12;
}
Word some_timeout(Random& r) {
  const Word some[] = {0, 0x400, 0x400'0000, 0x400'0400, r.below(1 << 16), r.next(), 50, 50 << 16};
  return some[r.below(8)];
}

// One call; it may block, halt or derail the thread.
void random_call(Random& r) {
  Frame f;
  for (Word* w = &f.rax; w <= &f.r15; ++w) *w = some_word(r);
  for (int i = 8; i < 64; ++i) L4_LoadMR(i, r.below(2) == 0 ? some_fpage(r) : some_word(r));
  l4_utcb()[L4_TCR_BR0] = some_fpage(r) & ~Word{0xe};
  l4_utcb()[L4_TCR_ACTUAL_SENDER] = some_id(r);
  const Word utcb = reinterpret_cast<Word>(l4_utcb());
  const Word* const links = &l4_links.space_control;
  const Word choice = r.below(20);
  Word link = links[r.below(11)];
  if (choice < 12) {
    link = l4_links.ipc;
    f.rsi = r.below(4) == 0 ? 0 : some_id(r);
    f.rdx = r.below(4) == 0 ? 0 : some_id(r);
    f.r8 = some_timeout(r);
    f.r9 = some_tag(r);
  } else if (choice < 14) {
    link = l4_links.unmap;
    f.rdx = r.below(128);
    f.rdi = utcb;
  } else if (choice < 16) {
    link = l4_links.exchange_registers;
    f.rax = some_id(r);
    f.rsi = r.next() & (r.below(3) == 0 ? 0x1ff : 0x1e6);
  }
  // Without a new SP or IP, which would have it write to the test's memory.
  if (link == l4_links.exchange_registers) f.rsi &= ~(L4_ExRegSp | L4_ExRegIp);
  // The stub of MemoryControl writes where RDI says.
  if (link == l4_links.memory_control || link == l4_links.unmap) f.rdi = utcb;
  calls = calls + 1;
  guest_call(f, link);
}

void attack(Word seed) {
  L4_Set_ExceptionHandler(ThreadId::nil());
  Random r{seed};
  for (;;) random_call(r);
}

void witness_body(Word) {
  for (;;) {
    if (const Word wrong = guest_hold_registers(&witness_counter, 100)) witness_wrong = wrong;
    if (L4_MyLocalId().raw != utcb_at(0) + 0x200 || ThreadId::self() != witness) witness_wrong = 100;
  }
}

// For so many calls; what they leave behind is told by the seed.
void storm(Word seed, Word count) {
  context("seed", seed);
  calls = 0;
  witness_counter = 0;
  witness_wrong = 0;
  witness = spawn_task(witness_body, 0, {.priority = 90});
  // Two and two share a space.
  for (unsigned i = 0; i < attackers; ++i) ids[i] = i % 2 == 0 ? make_task() : make_sibling(ids[i - 1]);
  Random r{seed};
  for (const ThreadId id : ids) {
    L4_Set_Timeslice(id, L4_TimePeriod(300), L4_Never);
    start(id, attack, r.next() | 1, ThreadId::nil());
  }
  const Word begin = now();
  while (calls < count && now() - begin < 8'000'000) {
    sleep_us(100);
    for (const ThreadId id : ids) {
      // ExchangeRegisters may have changed its pager; ThreadControl changes it back.
      thread_control(id, id, ThreadId::nil(), runner);
      const Word state = state_of(id);
      if (!expect(state != L4_SCHEDRESULT_ERROR, "an attacker has disappeared")) return;
      if (state != L4_SCHEDRESULT_RUNNING && r.below(2) == 0)
        start(id, attack, r.next() | 1, ThreadId::nil());
    }
  }
  expect(calls >= count, "calls");
  for (const ThreadId id : ids) L4_Stop(id);
  const Word before = witness_counter;
  expect(eventually([&] { return witness_counter > before + 200; }), "the witness has stopped");
  expect_eq(witness_wrong, 0u, "the witness has lost a register");
  for (Slot& slot : slots) {
    if (!slot.id.is_nil() && slot.id != test_thread) end_thread(slot.id);
  }
}

}  // namespace

TEST("random system calls of four threads in two spaces, beside a witness") {
  constexpr Word storms = 6;
  faults_are_expected = true;
  for (Word seed = 1; seed <= storms; ++seed) storm(seed * 0x9e37'79b9'7f4a'7c15, 3000);
}
