// SPDX-License-Identifier: MIT
// The map item that most messages with one have: a page of 4 KiB.
#include "mapping_tree.h"

namespace mica {

namespace {
constexpr unsigned page_number_bits = Fpage::address_bits - page_bits;

// The page is there. False: it is another one, or from somewhere else.
[[gnu::noinline]] bool map_again(Space& to, Slot slot, u32 source, u64 value) {
  if (!is_users(*slot.leaf) || mapping_at(slot.link())->parent != source) return false;
  if (((value ^ *slot.leaf) & entry::frame_mask) != 0) return false;
  Aftermath after;
  add_rights(to, slot.leaf, value, after);
  return true;
}

}  // namespace

bool transfer_plain(Space& from, Space& to, Fpage window, const MapItem& item) {
  if (item.send.size_field() != page_bits || item.grant) return false;
  const u64 source = item.send.raw >> page_bits;
  u64 target = bits(item.send_base, page_bits, page_number_bits);
  if (!window.is_complete()) {
    const u64 room = window.size_field() - page_bits;
    if (room > page_number_bits) return false;
    const u64 inside = (u64{1} << room) - 1;
    target = (target & inside) | (window.raw >> page_bits & ~inside);
  }
  if (source >= page_limit || target >= page_limit) return false;
  const Slot old = from.memory.find_page(source);
  if (!old || !is_users(*old.leaf)) return false;
  const Slot slot = to.memory.find_page(target);
  if (!slot) return false;
  const Rights given = item.send.rights();
  if (!given.has(Rights::r)) return false;
  const u64 value = without(*old.leaf & ~access_marks, ~given);
  if (slot.present()) return map_again(to, slot, old.link(), value);
  Mapping* const parent = mapping_at(old.link());
  if (may_be_closed(parent) && is_closed(parent)) return false;
  Mapping* const node = to.pool.take_free_mapping();
  if (!node) return false;
  derive(node, parent, to);
  enter(slot, node, value);
  return true;
}

}  // namespace mica
