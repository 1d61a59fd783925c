// SPDX-License-Identifier: MIT
// A call with one string item to a thread in another space, and its empty answer, by the
// length of the string. All pages are there, of 4 KiB unless the row says otherwise.
//
// Counted: from the client's reading of the counter before the call to that behind it, less
// what two readings are apart. A repeated string instruction counts once for each word
// that it moves.
//
//   copy/N            N bytes from one place to another, both aligned to pages
//   unaligned/N       the same, but from an odd address
//   large-pages/N     the same as copy, out of a page of 2 MiB into another one
//   gather/N          a string of N / 4096 pieces, every other page, into one buffer
//   scatter-gather/N  the same into a buffer of as many pieces, every other page as well
#include <runtime/program.h>

#include "../lib/loops.h"
#include "../lib/pages.h"
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

constexpr unsigned longest_order = 22, large_order = 21;
constexpr Word longest = Word{1} << longest_order;
constexpr Word window = 0x5000'0000, large_window = 0x6000'0000, odd = 3;
constexpr unsigned pieces = 16;
constexpr Word stride = 2 * page_size;

// A descriptor of that many pieces of `bytes` each.
constexpr Word header(Word bytes, Word number = 1) { return bytes << 10 | (number - 1) << 4; }

// What goes where, as this thread sees it.
struct Memory {
  Word source, target;
};

constexpr Word word_at(Word offset) { return offset * 0x9e37'79b9'7f4a'7c15 + offset / 8; }

void fill(Memory memory, Word bytes) {
  for (Word i = 0; i < bytes; i += sizeof(Word)) {
    *reinterpret_cast<Word*>(memory.source + i) = word_at(i);
    *reinterpret_cast<Word*>(memory.target + i) = 0;
  }
}

void check(Word source, Word target, Word bytes) {
  if (__builtin_memcmp(reinterpret_cast<const void*>(source), reinterpret_cast<const void*>(target), bytes)) {
    runtime::panic("another string arrived");
  }
}

// --- Buffers ------------------------------------------------------------------------------

[[noreturn]] void serve() {
  Words m;
  ThreadId from = l4::wait_words(m);
  for (;;) {
    if (m.tag().failed()) [[unlikely]]
      runtime::panic("no string");
    m = Words(Tag::make(0, 0));
    from = l4::reply_and_wait_words(from, m);
  }
}

// One buffer at the address. Takes mappings too, of the memory for that.
[[noreturn]] void taker(Word at) {
  L4_Accept(L4_AddAcceptor(L4_MapGrantItems(Fpage::complete()), L4_StringItemsAcceptor));
  L4_LoadBR(1, header(longest));
  L4_LoadBR(2, at);
  serve();
}

[[noreturn]] void scattering_taker(Word at) {
  L4_Accept(L4_StringItemsAcceptor);
  L4_LoadBR(1, header(page_size, pieces));
  for (unsigned i = 0; i < pieces; ++i) L4_LoadBR(static_cast<int>(2 + i), at + i * stride);
  serve();
}

void give(ThreadId to, Word region, unsigned order, Word at) {
  const L4_MapItem_t item = L4_MapItem(Fpage::memory(region, order, l4::full_access), at);
  Words m(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  if (l4::call_words(to, m).raw != 0) runtime::panic("no memory for strings");
}

Word allocate_large_page() {
  const Word page = runtime::allocate_memory(large_order);
  if (page == 0) runtime::panic("sigma0 has no large page");
  return page;
}

// --- Rows -----------------------------------------------------------------------------------

template <unsigned mark>
Word send_once(ThreadId to, Words m) {
  if (mark != 0) mark_open<mark>();
  const Word start = ticks();
  const Tag answer = l4::call_words(to, m);
  const Word taken = ticks() - start;
  if (mark != 0) mark_close<mark>();
  if (answer.raw != 0) runtime::panic("the string was not taken");
  return taken;
}

// Long ones are as exact as others, and take long.
constexpr unsigned times_for(Word bytes) { return bytes < 1u << 20 ? batches : 5; }

template <unsigned mark>
void measure_copy(const char* name, ThreadId to, Memory memory, Word bytes, Word offset = 0) {
  fill(memory, bytes + 2 * sizeof(Word));
  const Words m(Tag::make(0, 0, 2), header(bytes), memory.source + offset);
  measure_once(
      {"ipc", name}, mark, [&] { return send_once<mark>(to, m); }, 1, times_for(bytes));
  check(memory.source + offset, memory.target, bytes);
  if (*reinterpret_cast<const volatile char*>(memory.target + bytes) != 0)
    runtime::panic("too long a string");
}

// Sends every other page.
template <unsigned mark>
void measure_gather(const char* name, ThreadId to, Memory memory, Word target_stride) {
  fill(memory, pieces * stride);
  for (unsigned i = 6; i < pieces; ++i) {
    L4_LoadMR(static_cast<int>(2 + i), memory.source + i * stride);
  }
  const Word s = memory.source;
  const Words m(Tag::make(0, 0, 1 + pieces), header(page_size, pieces), s, s + stride, s + 2 * stride,
                s + 3 * stride, s + 4 * stride, s + 5 * stride);
  measure_once({"ipc", name}, mark, [&] { return send_once<mark>(to, m); });
  for (unsigned i = 0; i < pieces; ++i) check(s + i * stride, memory.target + i * target_stride, page_size);
}

}  // namespace

void measure_string_lengths() {
  const Memory memory{allocate_small_pages((longest >> 12) + 1), allocate_small_pages((longest >> 12) + 1)};
  Partners partners;
  const ThreadId to = partners.in_space(taker, window);
  give(to, memory.target, longest_order, window);
  measure_copy<121>("string/copy/64", to, memory, 64);
  measure_copy<122>("string/copy/256", to, memory, 256);
  measure_copy<123>("string/copy/1024", to, memory, 1 << 10);
  measure_copy<124>("string/copy/4096", to, memory, 4 << 10);
  measure_copy<125>("string/copy/16384", to, memory, 16 << 10);
  measure_copy<130>("string/copy/65536", to, memory, 64 << 10);
  measure_copy<0>("string/copy/262144", to, memory, 256 << 10);
  measure_copy<109>("string/copy/1048576", to, memory, 1 << 20);
  measure_copy<0>("string/copy/4194304", to, memory, longest);
  measure_copy<128>("string/unaligned/65536", to, memory, 64 << 10, odd);
  measure_gather<126>("string/gather/65536", to, memory, page_size);
  measure_gather<127>("string/scatter-gather/65536", partners.in_last_space(scattering_taker, window), memory,
                      stride);

  const Memory large{allocate_large_page(), allocate_large_page()};
  give(to, large.target, large_order, large_window);
  measure_copy<129>("string/large-pages/1048576", partners.in_last_space(taker, large_window), large,
                    1 << 20);
}

}  // namespace bench
