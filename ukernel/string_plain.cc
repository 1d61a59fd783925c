// SPDX-License-Identifier: MIT
// The string that most messages with one have: short, in one page on each side.
#include "message.h"
#include "string_copy.h"
#include "thread.h"
#include "user_page.h"

namespace mica {

bool copy_plain(Thread& sender, Thread& receiver, TypedItem item, Address from) {
  constexpr u64 shape = 0x3f8;  // a string of one piece, whatever the hints say
  if ((item.raw & shape) != 0 || receiver.protocol != Protocol::user) return false;
  Utcb& tcr = *receiver.tcr;
  const u64 bytes = item.string_length(), buffer = tcr.br(1);
  if (!Acceptor{tcr.br(0)}.strings() || (buffer & shape) != 0 || bytes > buffer >> 10) return false;
  const Address to = tcr.br(2);
  // Rarely, two good addresses look like a bad one together.
  if ((from | to) >= user_end || bytes > rest_of_page(from) || bytes > rest_of_page(to)) return false;
  u64* const in = sender.space->memory.find_page(from >> page_bits).leaf;
  u64* const out = receiver.space->memory.find_page(to >> page_bits).leaf;
  if (!in || !out) return false;
  const u8* const source = reach<to_read>(in);
  if (!source) return false;
  u8* const target = reach<to_write>(out);
  if (!target) return false;
  copy_bytes(target + to % page_size, source + from % page_size, bytes);
  return true;
}

}  // namespace mica
