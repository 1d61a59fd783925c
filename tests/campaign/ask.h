// SPDX-License-Identifier: MIT
// Calls that do not wait for ever for a server with a fault.
#pragma once

#include "victims.h"

namespace campaign {

inline l4::Timeouts within_patience() {
  const Word wait = L4_TimePeriod(patience).raw;
  return l4::Timeouts{wait << 16 | wait};
}

template <typename Op, typename... A>
mica::Result<typename Op::Value> ask(l4::ThreadId server, const A&... arguments) {
  return mica::call_within<Op>(within_patience(), server, arguments...);
}

// Of operations whose result is a Map.
template <typename Op, typename... A>
mica::Result<mica::Map> ask_for_page(l4::ThreadId server, Word address, const A&... arguments) {
  L4_Accept(L4_MapGrantItems(l4::Fpage::page(address)));
  const auto mapped = ask<Op>(server, arguments...);
  L4_Accept(L4_UntypedWordsAcceptor);
  return mapped;
}

}  // namespace campaign
