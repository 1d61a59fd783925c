// SPDX-License-Identifier: MIT
// What user programs want of virtual memory (Appel and Li, 1991), with the rows of the
// table in "Extensibility, Safety and Performance in the SPIN Operating System" (1995).
//
// A program's worker sees pages at `seen`; they are mapped there from `here` by the
// program's handler, which is the worker's pager. To protect a page is an Unmap that takes
// the right to write, to unprotect it a map item that gives it back.
//
//   dirty      is a page dirty? A write to it, and an Unmap that only asks
//   fault      a write to a protected page, until the write is done
//   trap       from there to the handler's first instruction
//   prot1      protect one page
//   prot100    protect 100 pages: one Unmap of three flexpages
//   unprot100  unprotect 100 pages: a call to the handler, who answers with three items
//   appel1     prot1+trap+unprot: a write to a protected page, whose handler unprotects it
//              and protects another one; the mean of 100
//   appel2     protN+trap+unprot: protect 100 pages, write to each in random order, the
//              handler unprotecting one each time; a page
//   vm-pup     the geometric mean of appel1 and appel2
//
// The handler is in the worker's space; in the rows that end in /inter it is in another one,
// and the pages are at `here` in that one, so the worker asks it to protect them.
#include <runtime/program.h>

#include "../lib/helper.h"
#include "../lib/measure.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "memory.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr unsigned all_order = 19, hundred = 100;
constexpr Word all_pages = 128, all_bytes = Word{1} << all_order, seen = Word{1} << 43;
static_assert(all_pages * page_size == all_bytes && all_pages >= 2 * batch_rounds);
constexpr long unprotect_all = 0x320, unprotect_100 = 0x321, protect_all = 0x322, protect_100 = 0x323;

constexpr unsigned trap_mark = 23, trap_inter_mark = 32;

constinit Word here = 0;
constinit volatile Word faults = 0, trapped_at = 0;
constinit unsigned char random_order[hundred] = {};

// --- The handler -------------------------------------------------------------------------

void unmap_write(Fpage pages) {
  Word mr[8] = {pages.with(l4::write).raw};
  l4_unmap_registers(0, mr);
}

// 100 = 64 + 32 + 4.
struct Part {
  unsigned first, order;
};
constexpr Part parts[] = {{0, 18}, {64, 17}, {96, 14}};

Fpage part(unsigned n, l4::Rights rights) {
  return Fpage::memory(here + parts[n].first * page_size, parts[n].order, rights);
}

void unmap_100() {
  Word mr[8] = {part(0, l4::write).raw, part(1, l4::write).raw, part(2, l4::write).raw};
  l4_unmap_registers(2, mr);
}

Words mapped(Fpage pages, Word at) {
  const L4_MapItem_t item = L4_MapItem(pages, at);
  return Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
}

[[gnu::noinline]] void obey(Words& m) {
  const long request = m.tag().label();
  if (request == protect_all) unmap_write(Fpage::memory(here, all_order));
  if (request == protect_100) unmap_100();
  m = Words(Tag::make(0, 0));
  if (request == unprotect_all) m = mapped(Fpage::memory(here, all_order, l4::full_access), seen);
  if (request != unprotect_100) return;
  m.set_tag(Tag::make(0, 0, 6));
  for (unsigned n = 0; n < 3; ++n) {
    const L4_MapItem_t item = L4_MapItem(part(n, l4::full_access), seen + parts[n].first * page_size);
    m[1 + 2 * n] = item.raw[0];
    m[2 + 2 * n] = item.raw[1];
  }
}

// A page of the program's own, which is at the same place in each space.
[[gnu::noinline, gnu::cold]] Words own_page(Word address) {
  (void)*reinterpret_cast<const volatile char*>(address);
  return mapped(Fpage::page(address, l4::full_access), address);
}

enum class Kind { plain, timing, swapping };

template <Kind kind, unsigned mark = 0>
[[noreturn]] void handler(Word) {
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    if (kind == Kind::timing) {
      trapped_at = ticks();
      mark_close<mark>();
    }
    if (m.tag().failed()) [[unlikely]]
      runtime::panic("a handler was not heard");
    if (const Word address = m[1]; !L4_IsPageFault({.raw = m[0]})) {
      obey(m);
    } else if (const Word at = address - seen; at < all_bytes) {
      faults = faults + 1;
      if (kind == Kind::swapping) unmap_write(Fpage::page(here + (at - page_size) % all_bytes));
      m = mapped(Fpage::page(here + at, l4::full_access), address);
    } else {
      m = own_page(address);
    }
    from = l4::reply_and_wait_words(from, m);
  }
}

constinit ThreadId plain, timing, timing_inter, swapping;

// --- The worker --------------------------------------------------------------------------

void ask(long request) {
  Words m(Tag::make(request, 0));
  if (l4::call_words(plain, m).failed()) [[unlikely]]
    runtime::panic("the handler does not answer");
}

volatile char& seen_page(Word n) { return *reinterpret_cast<volatile char*>(seen + n * page_size); }

void expect_faults(Word before, Word number) {
  if (faults - before != number) runtime::panic("a wrong number of faults");
}

// Writes to the first `number` pages; `faulting` of them are protected.
void write_to(Word number, Word faulting) {
  const Word before = faults;
  for (Word n = 0; n < number; ++n) seen_page(n) = 1;
  expect_faults(before, faulting);
}

template <bool inter>
void protect_100_pages() {
  if (inter) {
    ask(protect_100);
  } else {
    unmap_100();
  }
}

void dirty() {
  seen_page(0) = 1;
  Word mr[8] = {Fpage::page(here).raw};
  l4_unmap_registers(0, mr);
  if (!L4_WasWritten({.raw = mr[0]})) [[unlikely]]
    runtime::panic("a dirty page was called clean");
}

Word fault(unsigned rounds) {
  ask(protect_all);
  const Word before = faults;
  const volatile char* const end = &seen_page(rounds);
  volatile char* at = &seen_page(0);
  const Word start = ticks();
  do {
    *at = 1;
    at += page_size;
  } while (at != end);
  const Word taken = ticks() - start;
  expect_faults(before, rounds);
  return taken;
}

template <unsigned mark>
Word trap() {
  ask(protect_all);
  L4_Set_Pager(mark == trap_mark ? timing : timing_inter);
  mark_open<mark>();
  const Word start = ticks();
  seen_page(0) = 1;
  L4_Set_Pager(plain);
  return trapped_at - start;
}

Word prot1(unsigned rounds) {
  ask(unprotect_all);
  Word at = here;
  const Word end = here + rounds * page_size, start = ticks();
  do {
    unmap_write(Fpage::page(at));
    at += page_size;
  } while (at != end);
  const Word taken = ticks() - start;
  write_to(all_pages, rounds);
  return taken;
}

template <unsigned mark>
Word prot100() {
  ask(unprotect_all);
  mark_open<mark>();
  const Word start = ticks();
  unmap_100();
  const Word taken = ticks() - start;
  mark_close<mark>();
  write_to(all_pages, hundred);
  return taken;
}

template <unsigned mark>
Word unprot100() {
  ask(protect_all);
  mark_open<mark>();
  const Word start = ticks();
  ask(unprotect_100);
  const Word taken = ticks() - start;
  mark_close<mark>();
  write_to(all_pages, all_pages - hundred);
  return taken;
}

template <bool inter, unsigned mark>
Word appel1() {
  ask(unprotect_all);
  ask(protect_100);
  L4_Set_Pager(swapping);
  const Word before = faults;
  mark_open<mark>();
  const Word start = ticks();
  for (Word n = 0; n < hundred; ++n) seen_page(n) = 1;
  const Word taken = ticks() - start;
  mark_close<mark>();
  L4_Set_Pager(plain);
  expect_faults(before, hundred);
  write_to(hundred, hundred - 1);
  return taken;
}

template <bool inter, unsigned mark>
Word appel2() {
  ask(unprotect_all);
  const Word before = faults;
  mark_open<mark>();
  const Word start = ticks();
  protect_100_pages<inter>();
  for (const unsigned char n : random_order) seen_page(n) = 1;
  const Word taken = ticks() - start;
  mark_close<mark>();
  expect_faults(before, hundred);
  return taken;
}

Word square_root(Word square) {
  Word root = 0;
  for (Word bit = Word{1} << 31; bit != 0; bit >>= 1) {
    if ((root | bit) * (root | bit) <= square) root |= bit;
  }
  return root;
}

template <bool inter, unsigned mark>
void measure_appel(const char* one, const char* many, const char* rating) {
  Word first = 0, second = 0;
  measure_once(
      {"vm", one}, mark, [&] { return first = appel1<inter, mark>(); }, hundred);
  measure_once(
      {"vm", many}, mark + 1, [&] { return second = appel2<inter, mark + 1>(); }, hundred);
  const Word empty = empty_ticks();
  Samples mean;
  mean.add(square_root((first - empty) * (second - empty)), hundred);
  add_row({"vm", rating}, 0, mean);
}

void finish() {
  Words message(Tag::make(0x300, 0));
  l4::call_words(main_thread(), message);
  for (;;) L4_Sleep(L4_Never);
}

[[noreturn]] void worker_beside(Word) {
  L4_Set_Pager(plain);
  L4_Accept(L4_MapGrantItems(Fpage::complete()));
  ask(unprotect_all);
  measure_rounds<21>({"vm", "dirty"}, repeat(dirty));
  measure_rounds<22>({"vm", "fault"}, fault);
  measure_once({"vm", "trap"}, trap_mark, trap<trap_mark>);
  measure_rounds<24>({"vm", "prot1"}, prot1);
  measure_once({"vm", "prot100"}, 25, prot100<25>);
  measure_once({"vm", "unprot100"}, 26, unprot100<26>);
  measure_appel<false, 27>("appel1", "appel2", "vm-pup");
  finish();
  __builtin_unreachable();
}

[[noreturn]] void worker_elsewhere(Word) {
  L4_Set_Pager(plain);
  L4_Accept(L4_MapGrantItems(Fpage::complete()));
  ask(unprotect_all);
  measure_rounds<31>({"vm", "fault/inter"}, fault);
  measure_once({"vm", "trap/inter"}, trap_inter_mark, trap<trap_inter_mark>);
  measure_appel<true, 33>("appel1/inter", "appel2/inter", "vm-pup/inter");
  finish();
  __builtin_unreachable();
}

void shuffle() {
  Word random = 1995;
  for (unsigned i = 0; i < hundred; ++i) {
    random = random * 6364136223846793005 + 1442695040888963407;
    const unsigned other = static_cast<unsigned>((random >> 33) % (i + 1));
    random_order[i] = random_order[other];
    random_order[other] = static_cast<unsigned char>(i);
  }
}

void wait_for(ThreadId worker) {
  Words message;
  l4::ipc_words(ThreadId::nil(), worker, l4::Timeouts::never(), message);
  if (message.tag().failed()) runtime::panic("the worker has failed");
  runtime::delete_thread(worker);
}

}  // namespace

void measure_primitives() {
  here = allocate_small_pages(all_pages);
  shuffle();
  plain = start_here(handler<Kind::plain>);
  timing = start_here(handler<Kind::timing, trap_mark>);
  timing_inter = start_here(handler<Kind::timing, trap_inter_mark>);
  swapping = start_here(handler<Kind::swapping>);
  wait_for(start_here(worker_beside));
  L4_UnmapFpage(Fpage::memory(here, all_order, l4::full_access));  // the worker's, too
  wait_for(start_in_space(worker_elsewhere));
}

}  // namespace bench
