// SPDX-License-Identifier: MIT
// Calls that do not wait for ever for a server with a fault.
#pragma once

#include "victims.h"

namespace campaign {

template <typename Op, typename... A>
mica::Result<typename Op::Value> ask(l4::ThreadId server, const A&... arguments) {
  const Word wait = L4_TimePeriod(patience).raw;
  return mica::call_within<Op>(l4::Timeouts{wait << 16 | wait}, server, arguments...);
}

}  // namespace campaign
