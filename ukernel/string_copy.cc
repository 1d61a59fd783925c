// SPDX-License-Identifier: MIT
#include "string_copy.h"

#include <seam.h>

#include "message.h"
#include "user_page.h"
#include "thread.h"

namespace mica {

namespace {

using Kind = CopyStep::Kind;

constexpr unsigned last_buffer = buffer_registers - 1;
constexpr u8 buffer_done = 0xff;  // as a piece: the next string takes another buffer
constexpr i64 piece_cost = 250, chunk_cost = 110, large_cost = 400, page_cost = 30 + words_a_page;

TypedItem buffer_at(Thread& t, unsigned i) { return {t.tcr->br(i)}; }

// A user can change his buffers while they are filled: nothing here trusts two
// readings to be alike, and registers beyond the last one are never read.
bool is_buffer(Thread& t, unsigned i) {
  return i != 0 && i <= last_buffer && buffer_at(t, i).is_string() &&
         i + buffer_at(t, i).string_pointers() <= last_buffer;
}

// The buffer for the next string; false: there is none.
bool next_buffer(Thread& t, ItemProgress& p) {
  unsigned next = 1;
  if (p.buffer != 0) {
    if (!is_buffer(t, p.buffer_head) || !buffer_at(t, p.buffer_head).another_follows()) return false;
    next = p.buffer;
    while (is_buffer(t, next) && buffer_at(t, next).string_continues()) next += buffer_at(t, next).words();
    if (is_buffer(t, next)) next += buffer_at(t, next).words();
  }
  if (!is_buffer(t, next)) return false;
  p.buffer_head = p.buffer = static_cast<u8>(next);
  p.buffer_piece = 0;
  p.to_offset = 0;
  return true;
}

// The same for one page of whatever entry.
template <u64 right>
[[gnu::noinline]] u8* reach_any(Slot slot, u64 page) {
  u8* const first = reach<right>(slot.leaf);
  return first && slot.level() != 0 ? static_cast<u8*>(phys_to_virt(slot.frame_of(page))) : first;
}

// A user's memory, read or written on and on: the next page's entry follows the last
// one's, mostly.
template <u64 right>
class Pages {
 public:
  explicit Pages(Space& space) : space_(space) {}

  [[gnu::always_inline]] u8* at(Address address) {
    const u64 page = address >> page_bits;
    if (page != page_) {
      if (leaf_ && page == page_ + 1 && page % TableNode::entry_count != 0)
        base_ = reach<right>(++leaf_);
      else
        look(address);
      page_ = page;
    }
    return base_ ? base_ + address % page_size : nullptr;
  }
  // The last one was in a large page, where each page is looked up anew.
  bool is_large() const { return !leaf_; }

 private:
  [[gnu::noinline]] void look(Address address) {
    const u64 page = address >> page_bits;
    const Slot slot = address < user_end ? space_.memory.find_any_page(page) : Slot{};
    leaf_ = slot && slot.level() == 0 ? slot.leaf : nullptr;
    base_ = slot ? reach_any<right>(slot, page) : nullptr;
  }

  Space& space_;
  u64* leaf_ = nullptr;
  u64 page_ = ~u64{0};
  u8* base_ = nullptr;
};

// Whole pages, as long as they are there; returns how many.
u64 copy_pages(u64* in, u64* out, u64 count) {
  u64 n = 0;
  for (; n != count; ++n, ++in, ++out) {
    const u8* const source = reach<to_read>(in);
    if (!source) break;
    u8* const target = reach<to_write>(out);
    if (!target) break;
    copy_words(target, source, words_a_page);
  }
  return n;
}

// The same from and to where two addresses are, within one table on each side.
[[gnu::noinline]] u64 copy_pages(Thread& sender, Thread& receiver, Address source, Address target, u64 count) {
  if (source >= user_end || target >= user_end) return 0;
  const u64 page = source >> page_bits, to_page = target >> page_bits;
  u64* const in = sender.space->memory.find_page(page).leaf;
  u64* const out = receiver.space->memory.find_page(to_page).leaf;
  if (!in || !out) return 0;
  constexpr u64 all = TableNode::entry_count;
  return copy_pages(in, out, least(count, least(all - page % all, all - to_page % all)));
}

// Copies up to `length` bytes; returns how many.
u64 copy_run(Thread& sender, Thread& receiver, Address source, Address target, u64 length, Budget& budget,
             CopyStep& step) {
  Pages<to_read> from(*sender.space);
  Pages<to_write> to(*receiver.space);
  u64 copied = 0;
  while (copied != length) {
    // One piece in any case; no more that would not be through in this step.
    if (copied != 0 && !budget.fits(page_cost)) {
      step.kind = Kind::more;
      break;
    }
    if ((source | target) % page_size == 0 && length - copied >= page_size) {
      const u64 most = least((length - copied) / page_size, budget.times(page_cost));
      if (const u64 pages = copy_pages(sender, receiver, source, target, most)) {
        source += pages * page_size;
        target += pages * page_size;
        copied += pages * page_size;
        budget.spend(static_cast<i64>(pages) * page_cost);
        continue;
      }
    }
    const u8* const in = from.at(source);
    if (!in) {
      step = {Kind::sender_fault, source};
      break;
    }
    u8* const out = to.at(target);
    if (!out) {
      step = {Kind::receiver_fault, target};
      break;
    }
    const u64 bytes = least(length - copied, least(rest_of_page(source), rest_of_page(target)));
    copy_bytes(out, in, bytes);
    source += bytes;
    target += bytes;
    copied += bytes;
    budget.spend(chunk_cost + static_cast<i64>(bytes / sizeof(u64)) + (from.is_large() || to.is_large() ? large_cost : 0));
  }
  return copied;
}

bool within_reach(Space& space, Address address) {
  return address < user_end && !is_device_page(space, address);
}

}  // namespace

CopyStep copy_strings(Thread& sender, Thread& receiver, ItemProgress& p, Budget& budget) {
  const MsgTag tag{sender.regs.r9};
  const unsigned end = 1 + tag.untyped() + tag.typed();
  if (p.item == 0) p.item = static_cast<u8>(1 + tag.untyped());
  bool begun = false;
  while (p.item < end) {
    const TypedItem from{message_register_of(sender, p.item)};
    if (!from.is_string()) {
      p.item += 2;
      continue;
    }
    const unsigned pointers = from.string_pointers();
    // The message was checked when it was sent, but its UTCB is the users'.
    if (p.item + pointers >= end) return {Kind::overflow};
    if (budget.used_up()) return {Kind::more};
    if ((p.buffer == 0 || p.buffer_piece == buffer_done) && !next_buffer(receiver, p)) return {Kind::overflow};

    const u64 left = from.string_length() > p.from_offset ? from.string_length() - p.from_offset : 0;
    if (left == 0) {
      budget.spend(piece_cost);
      p.from_offset = 0;
      if (++p.piece < pointers) continue;
      p.piece = 0;
      p.item = static_cast<u8>(p.item + from.words());
      if (from.string_continues()) continue;
      p.copied = 0;
      p.buffer_piece = buffer_done;
      continue;
    }
    if (!is_buffer(receiver, p.buffer)) return {Kind::overflow};
    const TypedItem to = buffer_at(receiver, p.buffer);
    const u64 room = to.string_length() > p.to_offset ? to.string_length() - p.to_offset : 0;
    if (room == 0) {
      budget.spend(piece_cost);
      p.to_offset = 0;
      if (++p.buffer_piece < to.string_pointers()) continue;
      if (!to.string_continues()) return {Kind::overflow};
      p.buffer = static_cast<u8>(p.buffer + to.words());
      p.buffer_piece = 0;
      continue;
    }
    // Something in any case.
    if (begun && !budget.fits(page_cost)) return {Kind::more};
    begun = true;
    const Address source = message_register_of(sender, p.item + 1u + p.piece) + p.from_offset;
    const Address target = receiver.tcr->br(p.buffer + 1u + p.buffer_piece) + p.to_offset;
    CopyStep step{Kind::done};
    const u64 bytes = copy_run(sender, receiver, source, target, least(left, room), budget, step);
    p.from_offset += bytes;
    p.to_offset += bytes;
    p.copied += bytes;
    if (step.kind == Kind::done) continue;
    if (step.kind == Kind::more) return step;
    Space& space = step.kind == Kind::sender_fault ? *sender.space : *receiver.space;
    return within_reach(space, step.address) ? step : CopyStep{Kind::out_of_reach, step.address};
  }
  return {Kind::done};
}

}  // namespace mica
