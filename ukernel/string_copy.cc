// SPDX-License-Identifier: MIT
#include "string_copy.h"

#include <seam.h>

#include "message.h"
#include "thread.h"

namespace mica {

namespace {

using Kind = CopyStep::Kind;

constexpr unsigned last_buffer = buffer_registers - 1;
constexpr u8 buffer_done = 0xff;  // as a piece: the next string takes another buffer
constexpr i64 piece_cost = 25, chunk_cost = 110;

u64 least(u64 a, u64 b) { return a < b ? a : b; }
u64 rest_of_page(Address address) { return page_size - address % page_size; }

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

// What the kernel can reach of a user's memory for one access.
struct Reach {
  u8* at = nullptr;  // null: a fault
  bool possible = true;
};

[[gnu::always_inline]] inline Reach reach(Space& space, Address address, u8 right) {
  if (address >= user_end) return {nullptr, false};
  if (const std::optional<Phys> frame = translate(space, address, Rights{right}))
    return {static_cast<u8*>(phys_to_virt(*frame))};
  return {nullptr, !is_device_page(space, address)};
}

}  // namespace

CopyStep copy_strings(Thread& sender, Thread& receiver, ItemProgress& p, Budget& budget) {
  const MsgTag tag{sender.regs.r9};
  const unsigned end = 1 + tag.untyped() + tag.typed();
  if (p.item == 0) p.item = static_cast<u8>(1 + tag.untyped());
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
    const Address source = message_register_of(sender, p.item + 1u + p.piece) + p.from_offset;
    const Address target = receiver.tcr->br(p.buffer + 1u + p.buffer_piece) + p.to_offset;
    const Reach in = reach(*sender.space, source, Rights::r);
    if (!in.at) return {in.possible ? Kind::sender_fault : Kind::out_of_reach, source};
    const Reach out = reach(*receiver.space, target, Rights::w);
    if (!out.at) return {out.possible ? Kind::receiver_fault : Kind::out_of_reach, target};
    const u64 bytes = least(least(left, room), least(rest_of_page(source), rest_of_page(target)));
    copy_bytes(out.at, in.at, bytes);
    p.from_offset += bytes;
    p.to_offset += bytes;
    p.copied += bytes;
    budget.spend(chunk_cost + static_cast<i64>(bytes / sizeof(u64)));
  }
  return {Kind::done};
}

}  // namespace mica
