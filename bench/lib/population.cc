// SPDX-License-Identifier: MIT
#include "population.h"

#include <l4/pagefault.h>

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word kip_address = 0x20'0000, utcb_address = 0x20'1000, window = 0x30'0000;
constexpr unsigned utcb_area_order = 12;
constexpr Word utcb_bytes = 1024, threads_a_frame = 8, no_utcb = ~Word{0};

bool control(ThreadId thread, ThreadId space, ThreadId pager, Word utcb) {
  return l4_thread_control(thread.raw, space.raw, ThreadId::self().raw, pager.raw, utcb) == 1;
}

bool remove(ThreadId thread) { return control(thread, ThreadId::nil(), ThreadId::nil(), no_utcb); }

bool set_areas(ThreadId space) {
  Word old_control = 0;
  return L4_SpaceControl(space, 0, Fpage::page(kip_address), Fpage::memory(utcb_address, utcb_area_order),
                         L4_anythread, &old_control) == 1;
}

bool out_of_memory() { return L4_ErrorCode() == L4_ErrNoMem; }

}  // namespace

bool Population::make_spaces() {
  threads_each_ = 1;
  for (; spaces_ < wanted_; ++spaces_) {
    const ThreadId id = thread(spaces_, 0);
    if (!control(id, id, ThreadId::nil(), no_utcb)) return false;
    if (set_areas(id) && control(id, id, ThreadId::self(), utcb_address)) continue;
    (void)remove(id);  // which succeeds and leaves the error code
    return false;
  }
  return true;
}

bool Population::make_threads() {
  for (; threads_each_ < threads_a_space; ++threads_each_) {
    for (unsigned i = 0; i < spaces_; ++i) {
      const Word utcb = utcb_address + threads_each_ * utcb_bytes;
      if (!control(thread(i, threads_each_), thread(i, 0), ThreadId::self(), utcb)) return false;
    }
  }
  return true;
}

bool Population::map(Fpage pages) {
  const L4_MapItem_t item = L4_MapItem(pages.with(l4::read_write), window);
  for (unsigned i = 0; i < spaces_; ++i) {
    const ThreadId id = thread(i, 0);
    Words message(Tag::make(0, 2), window, Word{0});
    if (l4::send_words(id, message).failed()) return false;
    l4::ipc_words(ThreadId::nil(), id, l4::Timeouts::never(), message);
    if (!L4_IsPageFault({.raw = message[0]})) return false;
    message = Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
    if (l4::send_words(id, message, l4::Timeouts::reply()).failed()) return false;
  }
  return true;
}

bool Population::end() {
  bool good = true;
  for (; spaces_ > 0; --spaces_) {
    for (unsigned n = threads_a_space; n > 0; --n) good &= remove(thread(spaces_ - 1, n - 1));
  }
  return good;
}

Word count_free_frames(Word first_number) {
  Word next = first_number, spaces = 0;
  const auto id = [](Word number) { return ThreadId::global(number, 1); };
  // The frame that the kernel keeps for the next thread is now this one's, and counts.
  if (!control(id(next), ThreadId::self(), ThreadId::nil(), no_utcb) || !remove(id(next))) return 0;
  for (; control(id(next), id(next), ThreadId::nil(), no_utcb); ++next) ++spaces;
  bool good = spaces != 0 && out_of_memory();
  while (good && control(id(next), id(next - 1), ThreadId::nil(), no_utcb)) ++next;
  good = good && out_of_memory();
  const Word threads = next - first_number;
  for (; next > first_number; --next) good &= remove(id(next - 1));
  return good ? 2 * spaces + (threads + threads_a_frame - 1) / threads_a_frame : 0;
}

bool use_all_thread_numbers() {
  constexpr Word threads_a_table = 4096;
  const Word end = Word{1} << L4_ThreadIdBits(nullptr);
  for (Word number = threads_a_table; number <= end; number += threads_a_table) {
    const ThreadId id = ThreadId::global(number - 1, 1);
    if (!control(id, ThreadId::self(), ThreadId::nil(), no_utcb) || !remove(id)) return false;
  }
  return true;
}

}  // namespace bench
