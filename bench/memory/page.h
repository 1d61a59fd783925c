// SPDX-License-Identifier: MIT
// The page that is given and taken.
#pragma once

#include <l4/l4.hpp>

namespace bench {

inline constexpr l4::Word window = 0x5000'0000;  // where the receivers put the page

alignas(4096) inline constinit char page[4096] = {};

inline l4::Fpage given_page() { return l4::Fpage::page(reinterpret_cast<l4::Word>(page), l4::full_access); }

inline l4::Words map_message() {
  const L4_MapItem_t item = L4_MapItem(given_page(), 0);
  return l4::Words(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
}

[[gnu::always_inline]] inline void unmap_page() {
  l4::Word mr[8] = {given_page().raw};
  l4_unmap_registers(0, mr);
}

}  // namespace bench
