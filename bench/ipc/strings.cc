// SPDX-License-Identifier: MIT
// A call with one string item to a thread in another space, and its empty answer.
// All pages are there. Counted as in roundtrip.cc; a repeated string instruction
// counts once for each word that it moves.
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "groups.h"

namespace bench {

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word longest = 64 << 10;
constexpr Word header(Word bytes) { return bytes << 10; }

alignas(4096) constinit std::byte source[longest] = {};
alignas(4096) constinit std::byte target[longest] = {};

[[noreturn]] void taker(Word) {
  for (Word i = 0; i < longest; i += 4096) target[i] = std::byte{1};  // all of it is to be there
  L4_Accept(L4_StringItemsAcceptor);
  L4_LoadBR(1, header(longest));
  L4_LoadBR(2, reinterpret_cast<Word>(target));
  Words message;
  ThreadId from = l4::wait_words(message);
  for (;;) {
    if (message.tag().failed()) [[unlikely]]
      runtime::panic("no string");
    message = Words(Tag::make(0, 0));
    from = l4::reply_and_wait_words(from, message);
  }
}

template <unsigned mark, Word bytes>
void round_trip(const char* name, Word target_figure, Word best, ThreadId to) {
  measure_rounds<mark>({"string", name, target_figure, best}, [to](unsigned rounds) {
    const Word start = ticks();
    do {
      Words message(Tag::make(0, 0, 2), header(bytes), reinterpret_cast<Word>(source));
      if (l4::call_words(to, message).raw != 0) [[unlikely]]
        runtime::panic("the string was not taken");
    } while (--rounds != 0);
    return ticks() - start;
  });
  if (target[bytes - 1] != source[bytes - 1]) runtime::panic("another string arrived");
}

}  // namespace

void measure_strings() {
  for (Word i = 0; i < longest; ++i) {
    source[i] = static_cast<std::byte>(i * 7 + i / 251);
    asm volatile("" : : : "memory");  // by no vector instructions: no FPU state
  }
  const ThreadId to = start_in_space(taker);
  round_trip<51, 64>("64-bytes", 600, 1306, to);
  round_trip<52, 4096>("4-KiB", 0, 0, to);
  round_trip<53, longest>("64-KiB", 10'500, 394'170, to);
}

}  // namespace bench
