// SPDX-License-Identifier: MIT
// Messages with a page. Counted as in loops.h, with the words of the items and without
// words to compare; the item's size is the last part of the row's name.
//
//   map/N    a call with a map item for one page of N bytes, and its empty answer. Every
//            message puts the page in another place of the receiver's, where nothing is;
//            taking it back is not counted
//   grant/N  a call that grants a page of N bytes, whose receiver adds to a word of it and
//            grants it back with the answer: two grants a round
#include <runtime/program.h>

#include "../lib/loops.h"
#include "../lib/world.h"
#include "groups.h"
#include "partners.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word window = 0x5000'0000;
constexpr unsigned small = 12, large = 21;
constexpr Word window_of(unsigned order) { return Word{2 * batch_rounds} << order; }
constexpr unsigned window_order = large + 7;
static_assert(Word{1} << window_order == window_of(large) && window % window_of(large) == 0);

// --- Map --------------------------------------------------------------------------------

[[noreturn]] void map_taker(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::memory(window, window_order)));
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    if (m.tag().failed()) [[unlikely]]
      runtime::panic("no page");
    m = Words(Tag::make(0, 0));
    from = l4::reply_and_wait_words(from, m);
  }
}

// In the same space: tells what is at an address.
[[noreturn]] void reader(Word) {
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    m[1] = *reinterpret_cast<const volatile Word*>(m[1]);
    from = l4::reply_and_wait_words(from, m);
  }
}

void expect_there(ThreadId by, Word address, Word value) {
  Words m(Tag::make(0, 1), address);
  if (l4::call_words(by, m, {L4_TimePeriod(1'000'000).raw}).failed() || m[1] != value) {
    runtime::panic("another page, or none, was mapped");
  }
}

template <unsigned mark, unsigned order>
void measure_map(const char* name) {
  const Word page = runtime::allocate_memory(order);
  if (page == 0) runtime::panic("sigma0 has no page");
  *reinterpret_cast<volatile Word*>(page) = probe + order;
  const Fpage given = Fpage::memory(page, order, l4::full_access);
  Partners partners;
  const ThreadId to = partners.in_space(map_taker), by = partners.in_last_space(reader);
  Word at = 0;
  const auto take_back = [&] {
    if (at != 0) {
      expect_there(by, window, probe + order);
      expect_there(by, window + at - (Word{1} << order), probe + order);
    }
    L4_UnmapFpage(given);
    at = 0;
  };
  measure_rounds<mark>({"ipc", name}, [&](unsigned rounds) {
    take_back();
    const Word start = ticks();
    do {
      const L4_MapItem_t item = L4_MapItem(given, at);
      Words m(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
      if (l4::call_words(to, m).raw != 0) [[unlikely]]
        runtime::panic("the page was not taken");
      at += Word{1} << order;
    } while (--rounds != 0);
    return ticks() - start;
  });
  take_back();
}

// --- Grant ------------------------------------------------------------------------------

template <unsigned order>
[[noreturn]] void grant_taker(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::memory(window, order)));
  const L4_GrantItem_t item = L4_GrantItem(Fpage::memory(window, order, l4::full_access), 0);
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    if (m.tag().failed()) [[unlikely]]
      runtime::panic("no page");
    auto& count = *reinterpret_cast<volatile Word*>(window);
    count = count + 1;
    m = Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
    from = l4::reply_and_wait_words(from, m);
  }
}

template <unsigned mark, unsigned order>
void measure_grant(const char* name) {
  const Word page = runtime::allocate_memory(order);
  if (page == 0) runtime::panic("sigma0 has no page");
  const Fpage given = Fpage::memory(page, order, l4::full_access);
  const L4_GrantItem_t item = L4_GrantItem(given, 0);
  Partners partners;
  const ThreadId to = partners.in_space(grant_taker<order>);
  L4_Accept(L4_MapGrantItems(given));
  measure_rounds<mark>({"ipc", name}, [=](unsigned rounds) {
    const auto& count = *reinterpret_cast<const volatile Word*>(page);
    const Word expected = count + rounds;
    const Word start = ticks();
    do {
      Words m(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
      if (l4::call_words(to, m) != Tag::make(0, 0, 2)) [[unlikely]]
        runtime::panic("the page was lost");
    } while (--rounds != 0);
    const Word taken = ticks() - start;
    if (count != expected) runtime::panic("another page came back");
    return taken;
  });
  L4_Accept(L4_UntypedWordsAcceptor);
}

}  // namespace

void measure_mappings() {
  measure_map<111, small>("map/4096");
  measure_map<112, large>("map/2097152");
  measure_grant<113, small>("grant/4096");
  measure_grant<114, large>("grant/2097152");
}

}  // namespace bench
